_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco"
backbone = "hrformer"
size = "base"
batch_size = 32
