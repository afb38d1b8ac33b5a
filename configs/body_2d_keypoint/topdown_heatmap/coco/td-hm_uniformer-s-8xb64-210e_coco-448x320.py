_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "uniformer"
input_size = (320, 448)
sigma = 3
batch_size = 64
val_batch_size = 256
lr = 1e-3
