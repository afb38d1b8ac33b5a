_base_ = "../../../_base_/recipes/edpose.py"
dataset = "coco"
depth = 50
