_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "humanart"
backbone = "vit"
size = "base"
udp = True
pretrained = "mae_pretrain_vit_base"
