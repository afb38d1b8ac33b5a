_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "locust"
backbone = "resnet"
depth = 101
input_size = (160, 160)
