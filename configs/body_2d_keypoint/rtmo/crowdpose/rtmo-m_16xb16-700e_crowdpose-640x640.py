_base_ = "../../../_base_/recipes/rtmo_crowdpose.py"
dataset = "crowdpose"
size = "m"
