_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "coco_wholebody_hand"
size = "m"
input_size = (256, 256)
strong_jitter = dict(scale_factor=[0.5, 1.5], rotate_factor=180)
late_jitter = dict(scale_factor=[0.75, 1.25], rotate_factor=180)
batch_size = 32
max_epochs = 210
base_batch_size = 256
