_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "zebra"
backbone = "resnet"
depth = 101
input_size = (160, 160)
