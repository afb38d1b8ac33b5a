_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "deepfashion"
clothes = "lower"
backbone = "hrnet"
width = 48
batch_size = 32
model = dict(test_cfg=dict(shift_heatmap=False))
