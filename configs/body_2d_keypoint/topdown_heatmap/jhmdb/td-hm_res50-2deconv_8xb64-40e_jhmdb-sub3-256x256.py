_base_ = "td-hm_res50-2deconv_8xb64-40e_jhmdb-sub1-256x256.py"
split = 3
