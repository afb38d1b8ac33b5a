_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "rhd2d"
backbone = "mobilenetv2"
input_size = (256, 256)
