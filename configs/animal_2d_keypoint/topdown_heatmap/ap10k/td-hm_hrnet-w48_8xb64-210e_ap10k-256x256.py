_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "ap10k"
backbone = "hrnet"
width = 48
input_size = (256, 256)
