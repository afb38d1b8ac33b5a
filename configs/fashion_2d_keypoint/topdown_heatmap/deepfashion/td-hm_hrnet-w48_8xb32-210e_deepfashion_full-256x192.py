_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "deepfashion"
clothes = "full"
backbone = "hrnet"
width = 48
batch_size = 32
