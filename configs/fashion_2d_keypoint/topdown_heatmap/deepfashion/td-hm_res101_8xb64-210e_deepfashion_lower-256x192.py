_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "deepfashion"
clothes = "lower"
backbone = "resnet"
depth = 101
base_batch_size = 64
