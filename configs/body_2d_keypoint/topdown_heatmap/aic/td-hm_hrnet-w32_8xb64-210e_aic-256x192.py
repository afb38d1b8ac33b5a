_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "aic"
backbone = "hrnet"
width = 32
