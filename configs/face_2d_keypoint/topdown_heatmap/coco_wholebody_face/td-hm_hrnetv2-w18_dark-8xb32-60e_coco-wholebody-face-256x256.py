_base_ = "td-hm_hrnetv2-w18_8xb32-60e_coco-wholebody-face-256x256.py"
codec = dict(unbiased=True)
