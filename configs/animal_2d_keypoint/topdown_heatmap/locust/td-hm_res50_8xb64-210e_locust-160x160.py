_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "locust"
backbone = "resnet"
depth = 50
input_size = (160, 160)
