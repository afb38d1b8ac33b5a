_base_ = "td-hm_res152_8xb32-210e_deepfashion_full-256x192.py"
clothes = "upper"
