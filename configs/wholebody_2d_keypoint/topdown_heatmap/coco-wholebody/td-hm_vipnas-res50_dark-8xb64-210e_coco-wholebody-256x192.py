_base_ = "td-hm_vipnas-res50_8xb64-210e_coco-wholebody-256x192.py"
codec = dict(unbiased=True)
