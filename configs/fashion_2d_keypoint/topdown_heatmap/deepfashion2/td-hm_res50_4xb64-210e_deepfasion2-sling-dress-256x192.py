_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "deepfashion2"
clothes = "sling_dress"
backbone = "resnet"
depth = 50
base_batch_size = 256
