_base_ = "td-hm_hrnetv2-w18_8xb64-60e_aflw-256x256.py"
codec = dict(unbiased=True)
