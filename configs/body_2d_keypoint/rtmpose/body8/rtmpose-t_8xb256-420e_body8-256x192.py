_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "body8"
size = "t"
batch_size = 256
val_batch_size = 64
switch_epoch = 400
pretrained = "mmpose/v1/projects/rtmposev1/cspnext-tiny_udp-body7_210e-256x192-a3775292_20230504"
