_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "mpii"
backbone = "litehrnet"
depth = 18
input_size = (256, 256)
