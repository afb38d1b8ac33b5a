_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco_wholebody"
backbone = "hrnet"
width = 32
