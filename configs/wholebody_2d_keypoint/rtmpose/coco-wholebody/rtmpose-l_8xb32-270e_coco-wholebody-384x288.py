_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "coco_wholebody"
size = "l"
input_size = (288, 384)
batch_size = 32
max_epochs = 270
base_batch_size = 512
