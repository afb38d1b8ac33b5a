_base_ = [
    "../../../_base_/data/coco_topdown.py",
    "../../../_base_/models/rtmpose.py",
    "../../../_base_/pipelines/topdown.py",
    "../../../_base_/schedules/adamw_420e_cosine.py",
]
codec = dict(type="SimCCLabel", input_size=(192, 256), sigma=(4.9, 5.66), simcc_split_ratio=2.0, normalize=False)
model = dict(
    backbone=dict(deepen_factor=0.167, widen_factor=0.375),
    head=dict(in_channels=384, input_size=codec["input_size"], in_featuremap_size=(6, 8), decoder=codec),
)
crop = dict(type="TopdownAffine", input_size=codec["input_size"])
train_pipeline = [
    *_base_.load,
    *_base_.strong_augment,
    crop,
    *_base_.colour_augment,
    dict(type="GenerateTarget", encoder=codec),
    dict(type="PackPoseInputs"),
]
val_pipeline = [*_base_.load, crop, dict(type="PackPoseInputs")]
# The last 30 epochs see gentler crops.
custom_hooks = [
    dict(
        type="PipelineSwitchHook",
        switch_epoch=390,
        switch_pipeline=[
            *_base_.load,
            *_base_.gentle_augment,
            crop,
            *_base_.colour_augment,
            dict(type="GenerateTarget", encoder=codec),
            dict(type="PackPoseInputs"),
        ],
    )
]
train_dataloader = dict(batch_size=256, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(weight_decay=0.0))
