_base_ = "../../../_base_/recipes/dekr.py"
dataset = "coco"
width = 32
