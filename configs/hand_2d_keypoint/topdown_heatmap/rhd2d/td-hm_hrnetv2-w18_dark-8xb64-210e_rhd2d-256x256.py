_base_ = "td-hm_hrnetv2-w18_8xb64-210e_rhd2d-256x256.py"
codec = dict(unbiased=True)
