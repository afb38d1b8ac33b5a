_base_ = "td-hm_res50_8xb64-210e_coco-256x192.py"
codec = dict(unbiased=True)
