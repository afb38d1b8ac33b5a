_base_ = "td-reg_res50_8xb64-210e_coco-256x192.py"
rle = True
lr = 1e-3
