_base_ = "../../../_base_/recipes/rtmo_crowdpose.py"
dataset = "body7"
size = "l"
