# People in everyday photographs from scratch on a CPU: one class, 320 pixels, 1 M parameters.
_base_ = ["../_base_/default_runtime.py", "../_base_/models/rtmdet.py"]
data_root = "{{$POSEKIT_DATA:data}}/people/"
input_size = (320, 320)
width = 0.25
channels = 64
model = dict(
    backbone=dict(deepen_factor=0.33, widen_factor=width, use_depthwise=True),
    neck=dict(
        in_channels=[channels, channels * 2, channels * 4],
        out_channels=channels,
        num_csp_blocks=1,
        use_depthwise=True,
    ),
    bbox_head=dict(
        num_classes=1,
        in_channels=channels,
        feat_channels=channels,
        exp_on_reg=False,
        share_conv=False,
        use_depthwise=True,
    ),
    test_cfg=dict(
        nms_pre=1000, min_bbox_size=0, score_thr=0.01, nms=dict(type="nms", iou_threshold=0.6), max_per_img=100
    ),
)
grey = 114
move = dict(
    type="BottomupRandomAffine",
    input_size=input_size,
    scale_type="long",
    rotate_prob=0,
    pad_val=grey,
    distribution="uniform",
    bbox_keep_corner=False,
    clip_border=True,
)
finish = [
    dict(type="YOLOXHSVRandomAug"),
    dict(type="RandomFlip", prob=0.5),
    dict(type="FilterAnnotations", min_gt_bbox_wh=(4, 4), by_box=True, by_kpt=False, keep_empty=False),
    dict(type="PackDetInputs"),
]
train_pipeline = [
    dict(type="LoadImage"),
    # The canvas is twice as wide and high as the input, of which the next step shows a third to most.
    dict(type="CachedMosaic", img_scale=input_size, pad_val=grey, center_range=(0.8, 1.2), max_cached_images=40),
    dict(**move, shift_factor=0.15, scale_factor=(0.34, 0.85)),
    *finish,
]
plain_pipeline = [dict(type="LoadImage"), dict(**move, shift_factor=0.1, scale_factor=(0.7, 1.4)), *finish]
test_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", scale=input_size, keep_ratio=True),
    dict(type="Pad", size=input_size, pad_val=grey),
    dict(type="PackDetInputs"),
]
dataset = dict(
    type="CocoDetDataset",
    data_root=data_root,
    metainfo=dict(classes=["person"]),
    # What a detector found and nobody checked is neither a person nor background.
    ignore_where=dict(box_source="detector"),
)
train_dataloader = dict(
    batch_size=32,
    num_workers=1,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(
        **dataset,
        ann_file="train.json",
        data_prefix=dict(img="images/"),
        pipeline=train_pipeline,
        filter_cfg=dict(filter_empty_gt=False, min_size=32),
    ),
)
val_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),
    dataset=dict(**dataset, ann_file="val.json", data_prefix=dict(img="val/"), pipeline=test_pipeline, test_mode=True),
)
test_dataloader = val_dataloader
val_evaluator = dict(type="CocoMetric", iou_type="bbox", ann_file=data_root + "val.json")
test_evaluator = val_evaluator
max_epochs = 60
num_plain_epochs = 10
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=5)
optim_wrapper = dict(
    optimizer=dict(type="AdamW", lr=2e-3, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0, bypass_duplicate=True),
    clip_grad=dict(max_norm=35, norm_type=2),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=1e-3, by_epoch=False, begin=0, end=200),
    dict(
        type="CosineAnnealingLR",
        eta_min=1e-4,
        begin=max_epochs // 2,
        end=max_epochs,
        T_max=max_epochs // 2,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
custom_hooks = [
    dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=0.0002, update_buffers=True),
    dict(type="PipelineSwitchHook", switch_epoch=max_epochs - num_plain_epochs, switch_pipeline=plain_pipeline),
]
default_hooks = dict(checkpoint=dict(interval=5, save_best="coco/AP", rule="greater", max_keep_ckpts=1))
