_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "cpm"
stride = 8
input_size = (288, 384)
sigma = 3
batch_size = 32
base_batch_size = 512
