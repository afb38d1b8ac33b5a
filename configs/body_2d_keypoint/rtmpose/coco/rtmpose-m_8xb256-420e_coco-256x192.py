_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "coco"
size = "m"
detections = None
batch_size = 256
val_batch_size = 64
