_base_ = "../../../_base_/recipes/td_reg.py"
dataset = "wflw"
backbone = "resnet"
depth = 50
input_size = (256, 256)
save_interval = 10
jitter = dict(_delete_=True, scale_factor=[0.75, 1.25], rotate_factor=60)
