_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "mpii"
backbone = "resnetv1d"
depth = 101
input_size = (256, 256)
