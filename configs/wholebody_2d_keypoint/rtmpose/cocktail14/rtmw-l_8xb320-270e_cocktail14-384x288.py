_base_ = "../../../_base_/recipes/rtmw.py"
dataset = "cocktail14"
size = "l"
input_size = (288, 384)
batch_size = 320
base_batch_size = 2560
pretrained = "mmpose/v1/projects/rtmposev1/rtmpose-l_simcc-ucoco_dw-ucoco_270e-256x192-4d6dfc62_20230728"
