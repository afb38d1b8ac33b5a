_base_ = "../../../_base_/recipes/skps.py"
dataset = "cofw"
padding = 1
jitter = dict(scale_prob=0)
batch_size = 16
max_epochs = 160
