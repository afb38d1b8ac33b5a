_base_ = "td-hm_res50_8xb64-210e_coco-384x288.py"
codec = dict(unbiased=True)
