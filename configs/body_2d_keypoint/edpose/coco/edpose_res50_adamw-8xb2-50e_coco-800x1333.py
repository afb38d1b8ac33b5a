# ED-Pose as its paper trains it, with a slower backbone, where the published config keeps the settings of another.
_base_ = "edpose_res50_8xb2-50e_coco-800x1333.py"
encodes = True
lr = 1e-4
warm_up = False
decay_end = 50
batch_size = 2
base_batch_size = 16
optim_wrapper = dict(
    optimizer=dict(type="AdamW", weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={"backbone": dict(lr_mult=0.1), "sampling_offsets": dict(lr_mult=0.1)}),
    clip_grad=dict(max_norm=0.1, norm_type=2),
)
train_dataloader = dict(sampler=dict(shuffle=True))
