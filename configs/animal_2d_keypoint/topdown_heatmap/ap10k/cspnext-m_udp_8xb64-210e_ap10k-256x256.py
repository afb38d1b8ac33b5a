_base_ = "../../../_base_/recipes/cspnext_udp.py"
dataset = "ap10k"
size = "m"
input_size = (256, 256)
batch_size = 64
