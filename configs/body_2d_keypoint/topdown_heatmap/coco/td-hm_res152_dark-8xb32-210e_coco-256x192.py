_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "resnet"
depth = 152
codec = dict(unbiased=True)
batch_size = 32
