_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "body8_halpe26"
size = "t"
late_jitter = dict(scale_factor=[0.6, 1.4], rotate_factor=80)
batch_size = 1024
val_batch_size = 64
max_epochs = 700
max_grad_norm = 35
pretrained = "mmpose/v1/projects/rtmposev1/cspnext-tiny_udp-body7_210e-256x192-a3775292_20230504"
