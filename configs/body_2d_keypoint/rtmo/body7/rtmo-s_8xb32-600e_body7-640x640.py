_base_ = "../../../_base_/recipes/rtmo.py"
dataset = "body7"
size = "s"
batch_size = 32
