_base_ = "../../../_base_/recipes/yolox_pose.py"
dataset = "coco"
size = "t"
val_input_size = (416, 416)
batch_size = 64
mix_up = None
