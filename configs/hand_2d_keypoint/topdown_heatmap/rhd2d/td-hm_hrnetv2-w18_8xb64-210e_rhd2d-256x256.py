_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "rhd2d"
backbone = "hrnetv2"
input_size = (256, 256)
