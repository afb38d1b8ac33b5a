_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "coco_wholebody"
size = "s"
batch_size = 64
max_epochs = 270
base_batch_size = 512
weight_decay = 0.05
max_grad_norm = 35
