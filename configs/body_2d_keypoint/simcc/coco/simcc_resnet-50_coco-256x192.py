_base_ = [
    "../../../_base_/data/coco_topdown.py",
    "../../../_base_/models/resnet_heatmap.py",
    "../../../_base_/pipelines/topdown.py",
    "../../../_base_/schedules/adam_210e.py",
]
codec = dict(type="SimCCLabel", input_size=(192, 256), sigma=6.0, simcc_split_ratio=2.0)
model = dict(
    backbone=dict(depth=50, init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet50")),
    head=dict(
        _delete_=True,
        type="SimCCHead",
        in_channels=2048,
        out_channels=17,
        input_size=codec["input_size"],
        in_featuremap_size=(6, 8),
        simcc_split_ratio=codec["simcc_split_ratio"],
        loss=dict(type="KLDiscretLoss", use_target_weight=True),
        decoder=codec,
    ),
    test_cfg=dict(_delete_=True, flip_test=True),
)
crop = dict(type="TopdownAffine", input_size=codec["input_size"])
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
