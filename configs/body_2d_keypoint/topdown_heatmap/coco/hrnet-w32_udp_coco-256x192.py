_base_ = [
    "../../../_base_/data/coco_topdown.py",
    "../../../_base_/models/hrnet_w32.py",
    "../../../_base_/pipelines/topdown.py",
    "../../../_base_/schedules/adam_210e.py",
]
codec = dict(type="UDPHeatmap", input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
model = dict(head=dict(decoder=codec), test_cfg=dict(shift_heatmap=False))
crop = dict(type="TopdownAffine", input_size=codec["input_size"], use_udp=True)
train_pipeline = [
    *_base_.load,
    *_base_.augment,
    crop,
    dict(type="GenerateTarget", encoder=codec),
    dict(type="PackPoseInputs"),
]
val_pipeline = [*_base_.load, crop, dict(type="PackPoseInputs")]
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
