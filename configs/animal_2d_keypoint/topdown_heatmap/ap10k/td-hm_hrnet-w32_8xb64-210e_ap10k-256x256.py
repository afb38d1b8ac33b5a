_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "ap10k"
backbone = "hrnet"
width = 32
input_size = (256, 256)
