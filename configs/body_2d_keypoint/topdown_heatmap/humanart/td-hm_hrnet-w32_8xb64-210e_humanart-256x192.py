_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "humanart"
backbone = "hrnet"
width = 32
