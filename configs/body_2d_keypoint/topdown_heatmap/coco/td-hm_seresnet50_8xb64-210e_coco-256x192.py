_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "seresnet"
depth = 50
