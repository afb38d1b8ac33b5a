_base_ = "td-reg_res152_8xb64-210e_coco-256x192.py"
rle = True
