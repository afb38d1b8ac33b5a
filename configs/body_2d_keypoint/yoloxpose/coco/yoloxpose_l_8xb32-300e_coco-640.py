_base_ = "../../../_base_/recipes/yoloxpose.py"
dataset = "coco"
size = "l"
