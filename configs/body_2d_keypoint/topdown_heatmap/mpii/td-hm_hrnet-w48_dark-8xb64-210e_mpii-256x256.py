_base_ = "td-hm_hrnet-w48_8xb64-210e_mpii-256x256.py"
codec = dict(unbiased=True)
