_base_ = "../../../_base_/recipes/rtmw.py"
dataset = "cocktail14"
size = "x"
input_size = (288, 384)
batch_size = 320
base_batch_size = 2560
pretrained = (
    "mmpose/v1/wholebody_2d_keypoint/rtmpose/ubody/rtmpose-x_simcc-ucoco_pt-aic-coco_270e-384x288-f5b50679_20230822"
)
