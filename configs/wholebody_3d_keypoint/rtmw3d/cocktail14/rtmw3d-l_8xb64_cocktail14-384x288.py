_base_ = "../../../_base_/recipes/rtmw3d.py"
batch_size = 64
pretrained = "mmpose/v1/projects/rtmposev1/rtmpose-l_simcc-ucoco_dw-ucoco_270e-256x192-4d6dfc62_20230728"
