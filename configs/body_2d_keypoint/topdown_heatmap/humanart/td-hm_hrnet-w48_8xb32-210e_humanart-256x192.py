_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "humanart"
backbone = "hrnet"
width = 48
batch_size = 32
base_batch_size = 512
