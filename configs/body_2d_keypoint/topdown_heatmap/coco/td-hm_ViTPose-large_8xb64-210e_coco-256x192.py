_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "vit"
size = "large"
udp = True
