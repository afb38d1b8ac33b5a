_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "onehand10k"
backbone = "resnet"
depth = 50
input_size = (256, 256)
batch_size = 32
base_batch_size = 512
