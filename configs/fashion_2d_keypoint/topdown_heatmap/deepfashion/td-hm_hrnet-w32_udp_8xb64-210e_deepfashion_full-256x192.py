_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "deepfashion"
clothes = "full"
backbone = "hrnet"
width = 32
model = dict(test_cfg=dict(shift_heatmap=False))
