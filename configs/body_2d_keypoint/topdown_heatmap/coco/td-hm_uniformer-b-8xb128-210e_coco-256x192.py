_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "uniformer"
size = "base"
batch_size = 128
val_batch_size = 256
lr = 2e-3
