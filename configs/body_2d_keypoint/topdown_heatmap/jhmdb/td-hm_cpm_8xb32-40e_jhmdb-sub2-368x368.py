_base_ = "td-hm_cpm_8xb32-40e_jhmdb-sub1-368x368.py"
split = 2
