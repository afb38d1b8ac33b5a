_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "hrnet"
width = 32
input_size = (288, 384)
sigma = 3
