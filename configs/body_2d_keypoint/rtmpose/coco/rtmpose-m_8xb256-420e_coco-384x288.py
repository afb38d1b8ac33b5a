_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "coco"
size = "m"
input_size = (288, 384)
detections = None
batch_size = 256
val_batch_size = 64
max_grad_norm = 35
