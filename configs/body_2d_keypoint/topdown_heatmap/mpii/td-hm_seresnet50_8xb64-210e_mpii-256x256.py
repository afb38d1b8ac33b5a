_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "mpii"
backbone = "seresnet"
depth = 50
input_size = (256, 256)
