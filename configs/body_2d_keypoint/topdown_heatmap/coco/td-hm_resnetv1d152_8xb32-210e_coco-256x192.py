_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "resnetv1d"
depth = 152
batch_size = 32
base_batch_size = 512
