_base_ = "../../../_base_/recipes/td_reg.py"
dataset = "coco"
backbone = "resnet"
depth = 152
input_size = (288, 384)
rle = True
