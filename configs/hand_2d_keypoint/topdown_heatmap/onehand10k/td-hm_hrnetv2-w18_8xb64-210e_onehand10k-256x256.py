_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "onehand10k"
backbone = "hrnetv2"
input_size = (256, 256)
