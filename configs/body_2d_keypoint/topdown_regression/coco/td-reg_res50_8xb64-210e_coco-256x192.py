_base_ = "../../../_base_/recipes/td_reg.py"
dataset = "coco"
backbone = "resnet"
depth = 50
