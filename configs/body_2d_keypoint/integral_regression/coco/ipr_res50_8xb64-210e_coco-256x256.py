_base_ = "../../../_base_/recipes/ipr.py"
dataset = "coco"
