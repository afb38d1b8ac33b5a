_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "deepfashion"
clothes = "full"
backbone = "resnet"
depth = 50
