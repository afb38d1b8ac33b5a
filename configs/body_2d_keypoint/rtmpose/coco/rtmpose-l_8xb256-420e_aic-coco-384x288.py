_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "aic_coco"
size = "l"
input_size = (288, 384)
batch_size = 256
val_batch_size = 64
