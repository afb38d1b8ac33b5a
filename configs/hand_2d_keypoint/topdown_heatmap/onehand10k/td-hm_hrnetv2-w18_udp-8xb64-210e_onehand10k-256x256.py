_base_ = "td-hm_hrnetv2-w18_8xb64-210e_onehand10k-256x256.py"
codec = dict(type="UDPHeatmap")
model = dict(test_cfg=dict(shift_heatmap=False))
