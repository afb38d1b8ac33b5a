_base_ = "../../../_base_/recipes/rtmw3d.py"
size = "x"
batch_size = 32
pretrained = (
    "mmpose/v1/wholebody_2d_keypoint/rtmpose/ubody/rtmpose-x_simcc-ucoco_pt-aic-coco_270e-384x288-f5b50679_20230822"
)
