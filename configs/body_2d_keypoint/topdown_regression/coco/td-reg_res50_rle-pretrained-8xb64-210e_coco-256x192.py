_base_ = "../../../_base_/recipes/td_reg.py"
dataset = "coco"
backbone = "resnet"
depth = 50
rle = True
pretrained = "https://download.openmmlab.com/mmpose/pretrain_models/td-hm_res50_8xb64-210e_coco-256x192.pth"
pretrained_prefix = "backbone."
lr = 1e-3
