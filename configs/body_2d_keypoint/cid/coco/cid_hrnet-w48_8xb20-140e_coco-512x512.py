_base_ = "../../../_base_/recipes/cid.py"
dataset = "coco"
width = 48
batch_size = 20
