_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "scnet"
depth = 101
batch_size = 32
base_batch_size = 512
