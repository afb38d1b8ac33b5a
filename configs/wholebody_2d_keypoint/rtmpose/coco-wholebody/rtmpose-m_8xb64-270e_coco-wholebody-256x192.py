_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "coco_wholebody"
size = "m"
batch_size = 64
max_epochs = 270
base_batch_size = 512
