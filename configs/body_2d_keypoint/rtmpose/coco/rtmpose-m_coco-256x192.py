_base_ = "rtmpose-t_coco-256x192.py"
model = dict(backbone=dict(deepen_factor=0.67, widen_factor=0.75), head=dict(in_channels=768))
optim_wrapper = dict(optimizer=dict(weight_decay=0.05), clip_grad=dict(max_norm=35, norm_type=2))
