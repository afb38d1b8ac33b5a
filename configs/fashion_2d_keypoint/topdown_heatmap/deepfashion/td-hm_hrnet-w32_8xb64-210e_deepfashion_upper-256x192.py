_base_ = "td-hm_hrnet-w32_8xb64-210e_deepfashion_full-256x192.py"
clothes = "upper"
