_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "hourglass"
input_size = (384, 384)
sigma = 3
batch_size = 32
base_batch_size = 512
