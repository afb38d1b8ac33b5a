_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "mpii"
backbone = "cpm"
stride = 8
input_size = (368, 368)
jitter = dict(scale_factor=[0.75, 1.25], rotate_factor=60)
