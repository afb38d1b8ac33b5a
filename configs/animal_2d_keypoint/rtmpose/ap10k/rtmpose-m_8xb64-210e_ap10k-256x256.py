_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "ap10k"
size = "m"
input_size = (256, 256)
batch_size = 64
max_epochs = 210
base_batch_size = 512
