_base_ = "../../../_base_/recipes/cid.py"
dataset = "coco"
width = 32
batch_size = 20
