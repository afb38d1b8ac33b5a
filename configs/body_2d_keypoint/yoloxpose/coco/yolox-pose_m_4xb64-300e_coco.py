_base_ = "../../../_base_/recipes/yolox_pose.py"
dataset = "coco"
size = "m"
batch_size = 64
