_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "coco"
size = "x"
input_size = (288, 384)
detections = None
batch_size = 256
val_batch_size = 64
max_epochs = 700
switch_epoch = 680
strong_jitter = dict(scale_factor=[0.5, 1.5], rotate_factor=90)
late_jitter = dict(scale_factor=[0.5, 1.5], rotate_factor=90)
max_grad_norm = 35
