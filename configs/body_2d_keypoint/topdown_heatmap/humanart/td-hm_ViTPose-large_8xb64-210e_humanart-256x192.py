_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "humanart"
backbone = "vit"
size = "large"
udp = True
pretrained = "mae_pretrain_vit_large"
output = dict(_delete_=True, output_cls_token=False)
