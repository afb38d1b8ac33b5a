_base_ = "../../../_base_/recipes/internet.py"
dataset = "interhand3d"
depth = 50
