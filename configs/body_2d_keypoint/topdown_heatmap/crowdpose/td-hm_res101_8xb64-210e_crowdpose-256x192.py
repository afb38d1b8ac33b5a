_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "crowdpose"
backbone = "resnet"
depth = 101
