_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "lapa"
size = "m"
input_size = (256, 256)
late_half_body = False
strong_jitter = dict(scale_factor=[0.5, 1.5], rotate_factor=80)
colour = [dict(type="YOLOXHSVRandomAug"), dict(type="PhotometricDistortion")]
late_colour = [dict(type="YOLOXHSVRandomAug")]
blur = 0.2
late_blur = 0.1
batch_size = 32
max_epochs = 120
switch_epoch = 110
val_interval = 1
base_batch_size = 512
