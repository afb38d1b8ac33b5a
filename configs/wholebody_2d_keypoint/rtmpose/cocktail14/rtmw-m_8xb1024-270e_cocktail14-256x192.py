_base_ = "../../../_base_/recipes/rtmw.py"
dataset = "cocktail14"
size = "m"
batch_size = 1024
base_batch_size = 8192
pretrained = "mmpose/v1/projects/rtmposev1/rtmpose-m_simcc-ucoco_dw-ucoco_270e-256x192-c8b76419_20230728"
