_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "resnet"
depth = 152
input_size = (288, 384)
sigma = 3
codec = dict(unbiased=True, blur_kernel_size=17)
batch_size = 32
