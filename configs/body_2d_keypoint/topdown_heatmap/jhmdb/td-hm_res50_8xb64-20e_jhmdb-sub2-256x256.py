_base_ = "td-hm_res50_8xb64-20e_jhmdb-sub1-256x256.py"
split = 2
