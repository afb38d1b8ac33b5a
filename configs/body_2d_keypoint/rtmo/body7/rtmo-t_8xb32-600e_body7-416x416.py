_base_ = "../../../_base_/recipes/rtmo.py"
dataset = "body7"
size = "t"
input_size = (416, 416)
batch_size = 32
mix_up = None
