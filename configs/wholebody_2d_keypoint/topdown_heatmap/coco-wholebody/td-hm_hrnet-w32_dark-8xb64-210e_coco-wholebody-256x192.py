_base_ = "td-hm_hrnet-w32_8xb64-210e_coco-wholebody-256x192.py"
codec = dict(unbiased=True)
