# From scratch on the CPU: the same recipe takes the reference to PCK@0.2 (torso) 0.24 in 46 minutes.
_base_ = [
    "../../../_base_/data/lspet_topdown.py",
    "../../../_base_/models/rtmpose.py",
    "../../../_base_/pipelines/lspet_topdown.py",
]
max_epochs = 12
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=2)
optim_wrapper = dict(
    type="AmpOptimWrapper",
    dtype="bfloat16",
    optimizer=dict(type="AdamW", lr=2e-3, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0, bypass_duplicate=True),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=1e-3, by_epoch=False, begin=0, end=100),
    dict(
        type="CosineAnnealingLR",
        eta_min=1e-5,
        begin=0,
        end=max_epochs,
        T_max=max_epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
codec = dict(type="SimCCLabel", input_size=(192, 256), sigma=(4.9, 5.66), simcc_split_ratio=2.0, normalize=False)
model = dict(
    backbone=dict(deepen_factor=0.167, widen_factor=0.375),
    head=dict(
        in_channels=384,
        out_channels=14,
        input_size=codec["input_size"],
        in_featuremap_size=(6, 8),
        decoder=codec,
    ),
)
crop = dict(type="TopdownAffine", input_size=codec["input_size"])
target = [dict(type="GenerateTarget", encoder=codec), dict(type="PackPoseInputs")]
train_dataloader = dict(dataset=dict(pipeline=[*_base_.load, *_base_.augment, crop, *target]))
val_dataloader = dict(dataset=dict(pipeline=[*_base_.load, crop, dict(type="PackPoseInputs")]))
test_dataloader = val_dataloader
