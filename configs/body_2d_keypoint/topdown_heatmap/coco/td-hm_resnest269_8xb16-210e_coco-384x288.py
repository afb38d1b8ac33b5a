_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "resnest"
depth = 269
input_size = (288, 384)
sigma = 3
batch_size = 16
val_batch_size = 16
