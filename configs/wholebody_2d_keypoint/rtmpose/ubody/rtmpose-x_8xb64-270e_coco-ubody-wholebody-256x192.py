_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "ubody"
size = "x"
wide = True
batch_size = 64
max_epochs = 270
max_grad_norm = 35
base_batch_size = 512
