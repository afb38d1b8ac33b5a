_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "resnet"
depth = 101
