# From scratch on the CPU: the same recipe takes the reference to PCK@0.2 (torso) 0.24 in 46 minutes.
_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "lspet"
size = "t"
pretrained = None
pipeline = "topdown"
schedule = "short_cosine"
weight_decay = 0.05
val_interval = 2
max_epochs = 12
