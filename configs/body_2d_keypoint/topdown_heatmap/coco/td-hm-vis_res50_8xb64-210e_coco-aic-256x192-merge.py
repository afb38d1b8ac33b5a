_base_ = "../../../_base_/recipes/td_hm_vis.py"
dataset = "coco_and_aic"
backbone = "resnet"
depth = 50
