_base_ = "../../../_base_/recipes/rtmw.py"
dataset = "cocktail14"
size = "x"
batch_size = 704
base_batch_size = 5632
pretrained = (
    "mmpose/v1/wholebody_2d_keypoint/rtmpose/ubody/rtmpose-x_simcc-ucoco_pt-aic-coco_270e-256x192-05f5bcb7_20230822"
)
