_base_ = "td-hm_hrnet-w48_8xb32-210e_deepfashion_full-256x192.py"
model = dict(test_cfg=dict(shift_heatmap=False))
