_base_ = "td-reg_res50_8xb64-210e_mpii-256x256.py"
rle = True
