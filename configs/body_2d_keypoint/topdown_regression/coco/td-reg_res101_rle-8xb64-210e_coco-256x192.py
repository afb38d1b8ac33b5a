_base_ = "td-reg_res101_8xb64-210e_coco-256x192.py"
rle = True
