_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "zebra"
backbone = "resnet"
depth = 152
input_size = (160, 160)
batch_size = 32
