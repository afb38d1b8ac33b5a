# The embedded default's detector, first half: small images and a backbone from ImageNet.
_base_ = "rtmdet-nano_people-320.py"
max_epochs = 12
train_cfg = dict(max_epochs=max_epochs, val_interval=4)
model = dict(
    data_preprocessor=dict(mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0], bgr_to_rgb=True),
    backbone=dict(
        _delete_=True,
        type="TimmBackbone",
        model_name="tf_efficientnet_lite0",
        out_indices=(2, 3),
        frozen_stages=2,
        left_out=("blocks.5", "blocks.6"),
        init_cfg=dict(type="Pretrained", checkpoint="{{$POSEKIT_DATA:data}}/pretrained/efficientnet-lite0.safetensors"),
    ),
    neck=dict(
        _delete_=True,
        type="FPN",
        in_channels=[40, 112],
        out_channels=64,
        num_outs=3,
        add_extra_convs="on_output",
        norm_cfg=dict(type="BN"),
    ),
)
input_size = (224, 224)
move = dict(**{**_base_.move, "input_size": input_size}, shift_factor=0.1, scale_factor=(0.8, 1.6))
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(pipeline=[dict(type="LoadImage"), move, *_base_.finish]),
)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
optim_wrapper = dict(
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(
        _delete_=True, norm_decay_mult=0, bias_decay_mult=0, custom_keys={"backbone": dict(lr_mult=0.4)}
    ),
)
param_scheduler = {1: dict(eta_min=2e-4, begin=0, end=max_epochs, T_max=max_epochs)}
custom_hooks = [dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=1e-3, gamma=200, update_buffers=True)]
env_cfg = dict(num_threads=1)
