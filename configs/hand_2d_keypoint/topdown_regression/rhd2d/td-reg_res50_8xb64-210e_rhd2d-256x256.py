_base_ = "../../../_base_/recipes/td_reg.py"
dataset = "rhd2d"
backbone = "resnet"
depth = 50
input_size = (256, 256)
model = dict(test_cfg=dict(_delete_=True, flip_test=True, flip_mode="heatmap", shift_heatmap=True))
