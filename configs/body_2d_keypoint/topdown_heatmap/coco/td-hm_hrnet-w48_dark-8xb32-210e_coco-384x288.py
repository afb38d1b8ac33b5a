_base_ = "td-hm_hrnet-w48_8xb32-210e_coco-384x288.py"
codec = dict(unbiased=True)
