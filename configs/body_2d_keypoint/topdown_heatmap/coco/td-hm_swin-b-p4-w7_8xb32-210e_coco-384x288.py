_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "swin"
size = "b"
input_size = (288, 384)
batch_size = 32
