_base_ = "../../../_base_/recipes/rtmo.py"
dataset = "body7"
size = "m"
