_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "mpii"
backbone = "resnet"
depth = 152
input_size = (256, 256)
batch_size = 32
