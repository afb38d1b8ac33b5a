_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "face6"
size = "m"
input_size = (256, 256)
late_jitter = dict(scale_factor=[0.5, 1.5], rotate_factor=80)
batch_size = 256
max_epochs = 120
switch_epoch = 110
val_interval = 1
max_grad_norm = 35
base_batch_size = 512
pretrained = "mmdetection/v3.0/rtmdet/cspnext_rsb_pretrain/cspnext-m_8xb256-rsb-a1-600e_in1k-ecb3bbd9"
decay_start = 30
final_lr = 2e-5
