_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "body8"
size = "m"
wide = True
batch_size = 256
val_batch_size = 64
switch_epoch = 400
pretrained = "mmpose/v1/projects/rtmposev1/cspnext-m_udp-body7_210e-256x192-e0c9327b_20230504"
