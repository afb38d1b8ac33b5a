_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "mpii"
backbone = "hrnet"
width = 32
input_size = (256, 256)
batch_size = 16
val_batch_size = 16
base_batch_size = 512
