_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "exlpose"
backbone = "hrnet"
width = 32
