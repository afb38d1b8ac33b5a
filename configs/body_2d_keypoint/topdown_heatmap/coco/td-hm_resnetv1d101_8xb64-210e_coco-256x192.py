_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "resnetv1d"
depth = 101
