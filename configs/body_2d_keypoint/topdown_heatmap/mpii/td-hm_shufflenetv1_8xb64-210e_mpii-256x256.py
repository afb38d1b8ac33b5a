_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "mpii"
backbone = "shufflenetv1"
input_size = (256, 256)
