_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco_and_aic"
backbone = "hrnet"
width = 32
