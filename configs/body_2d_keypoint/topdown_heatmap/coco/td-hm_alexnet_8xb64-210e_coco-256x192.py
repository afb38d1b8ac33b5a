_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "alexnet"
codec = dict(heatmap_size=(40, 56))
