_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "resnet"
depth = 101
input_size = (288, 384)
sigma = 3
codec = dict(unbiased=True)
