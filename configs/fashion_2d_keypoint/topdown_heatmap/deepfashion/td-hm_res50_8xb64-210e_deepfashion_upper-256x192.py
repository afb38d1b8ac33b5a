_base_ = "td-hm_res50_8xb64-210e_deepfashion_full-256x192.py"
clothes = "upper"
base_batch_size = 64
