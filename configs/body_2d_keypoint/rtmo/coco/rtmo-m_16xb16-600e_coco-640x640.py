_base_ = "../../../_base_/recipes/rtmo.py"
dataset = "coco"
size = "m"
