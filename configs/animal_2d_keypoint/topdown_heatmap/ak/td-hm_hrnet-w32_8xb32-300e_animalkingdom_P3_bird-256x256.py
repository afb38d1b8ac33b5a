_base_ = "td-hm_hrnet-w32_8xb32-300e_animalkingdom_P1-256x256.py"
protocol = "P3_bird"
