_base_ = "../../../_base_/recipes/yolox_pose.py"
dataset = "coco"
size = "s"
