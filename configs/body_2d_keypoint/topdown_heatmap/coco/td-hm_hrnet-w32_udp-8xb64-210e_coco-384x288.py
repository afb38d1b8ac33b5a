_base_ = "td-hm_hrnet-w32_8xb64-210e_coco-384x288.py"
udp = True
