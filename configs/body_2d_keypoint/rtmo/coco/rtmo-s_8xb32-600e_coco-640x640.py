_base_ = "../../../_base_/recipes/rtmo.py"
dataset = "coco"
size = "s"
batch_size = 32
