_base_ = "td-reg_res50_8xb64-210e_coco-256x192.py"
rle = True
pretrained = "https://download.openmmlab.com/mmpose/pretrain_models/td-hm_res50_8xb64-210e_coco-256x192.pth"
pretrained_prefix = "backbone."
lr = 1e-3
