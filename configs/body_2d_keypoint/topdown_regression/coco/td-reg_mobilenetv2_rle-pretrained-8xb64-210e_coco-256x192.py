_base_ = "../../../_base_/recipes/td_reg.py"
dataset = "coco"
backbone = "mobilenetv2"
rle = True
pretrained = "https://download.openmmlab.com/mmpose/top_down/mobilenetv2/mobilenetv2_coco_256x192-d1e58e7b_20200727.pth"
pretrained_prefix = "backbone."
lr = 1e-3
