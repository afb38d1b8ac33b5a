_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "animalpose"
backbone = "hrnet"
width = 48
input_size = (256, 256)
