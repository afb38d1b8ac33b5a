_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "aic"
backbone = "resnet"
depth = 101
