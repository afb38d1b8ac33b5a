_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "swin"
size = "b"
batch_size = 32
