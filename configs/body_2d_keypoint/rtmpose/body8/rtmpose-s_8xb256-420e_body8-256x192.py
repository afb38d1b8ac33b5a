_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "body8"
size = "s"
batch_size = 256
val_batch_size = 64
switch_epoch = 400
pretrained = "mmpose/v1/projects/rtmposev1/cspnext-s_udp-body7_210e-256x192-8c9ccbdb_20230504"
