_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "deepfashion2"
clothes = "long_sleeved_outwear"
backbone = "resnet"
depth = 50
