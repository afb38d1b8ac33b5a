_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "ap10k"
backbone = "resnet"
depth = 50
input_size = (256, 256)
