# A mouse seen from above, as docs/en/own_data.md imports it: one animal, looked for in the whole picture.
_base_ = ["../../../_base_/default_runtime.py", "../../../_base_/models/rtmpose.py"]
data_root = "{{$POSEKIT_DATA:data}}/openfield/"
max_epochs = 80
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=10)
optim_wrapper = dict(optimizer=dict(type="AdamW", lr=2e-3, weight_decay=0.01))
param_scheduler = [
    dict(type="LinearLR", start_factor=1e-2, by_epoch=False, begin=0, end=50),
    dict(type="CosineAnnealingLR", eta_min=1e-5, T_max=max_epochs, by_epoch=True, convert_to_iter_based=True),
]
codec = dict(type="MSRAHeatmap", input_size=(192, 192), heatmap_size=(48, 48), sigma=2, unbiased=True)
model = dict(
    backbone=dict(deepen_factor=0.167, widen_factor=0.375),
    head=dict(
        _delete_=True,
        type="HeatmapHead",
        in_channels=384,
        out_channels=4,
        deconv_out_channels=(64, 64, 64),
        loss=dict(type="KeypointMSELoss", use_target_weight=True, loss_weight=100.0),
        decoder=codec,
    ),
    test_cfg=dict(flip_mode="heatmap", shift_heatmap=True),
)
load = [dict(type="LoadImage", cache="ram"), dict(type="GetBBoxCenterScale", padding=1.0)]
augment = [
    dict(type="RandomFlip", direction="horizontal"),
    dict(type="RandomBBoxTransform", shift_factor=0.1, scale_factor=[0.7, 1.2], rotate_factor=180, rotate_prob=0.9),
]
crop = dict(type="TopdownAffine", input_size=codec["input_size"])
target = [dict(type="YOLOXHSVRandomAug"), dict(type="GenerateTarget", encoder=codec), dict(type="PackPoseInputs")]
dataset = dict(type="CocoDataset", data_root=data_root, metainfo=dict(from_file=data_root + "keypoint_set.py"))
train_dataloader = dict(
    batch_size=8,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(**dataset, ann_file="train.json", pipeline=[*load, *augment, crop, *target]),
)
val_dataloader = dict(
    batch_size=32,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),
    dataset=dict(**dataset, ann_file="val.json", pipeline=[*load, crop, dict(type="PackPoseInputs")], test_mode=True),
)
test_dataloader = val_dataloader
val_evaluator = [
    dict(type="EPE"),
    dict(type="PCKAccuracy", thr=0.05, prefix="wide"),
    dict(type="PCKAccuracy", thr=0.02),
]
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(save_best="EPE", rule="less", max_keep_ckpts=1))
