_base_ = "../../../_base_/recipes/yolox_pose.py"
dataset = "coco"
size = "l"
batch_size = 64
