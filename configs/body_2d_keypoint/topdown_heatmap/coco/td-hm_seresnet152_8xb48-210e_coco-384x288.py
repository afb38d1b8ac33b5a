_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "seresnet"
depth = 152
input_size = (288, 384)
sigma = 3
batch_size = 48
