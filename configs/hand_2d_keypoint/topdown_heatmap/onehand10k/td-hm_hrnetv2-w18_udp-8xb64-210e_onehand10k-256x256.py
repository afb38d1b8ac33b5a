_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "onehand10k"
backbone = "hrnetv2"
input_size = (256, 256)
codec = dict(type="UDPHeatmap")
model = dict(test_cfg=dict(shift_heatmap=False))
