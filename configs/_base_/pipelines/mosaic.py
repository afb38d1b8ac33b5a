# Whole images for one-stage estimators: four in one and two over each other first, and at the end as they are.
input_size: tuple = (640, 640)
val_input_size: tuple = input_size
jitter: dict = dict(shift_factor=0.1, rotate_factor=10, scale_factor=[0.75, 1.0])
mix_up: list | None = [0.8, 1.6]  # how the second image is scaled
late_still: bool = True  # at the end images are neither moved nor scaled nor turned
late_mask: bool = False
pack: dict = {}  # further arguments of PackPoseInputs
moved: dict = dict(
    type="BottomupRandomAffine",
    input_size=input_size,
    **jitter,
    distribution="uniform",
    transform_mode="perspective",
    bbox_keep_corner=False,
    clip_border=True,
    pad_val=114,
)
whole: list = [
    dict(
        type="BottomupRandomAffine",
        input_size=input_size,
        scale_type="long",
        pad_val=(114, 114, 114),
        bbox_keep_corner=False,
        clip_border=True,
        **(dict(shift_prob=0, rotate_prob=0, scale_prob=0) if late_still else {}),
    )
]
val_whole: list = [dict(type="BottomupResize", input_size=val_input_size, pad_val=(114, 114, 114))]
codec = dict(type="YOLOXPoseAnnotationProcessor", input_size=input_size)
load = dict(type="LoadImage")
keep = dict(type="FilterAnnotations", by_kpt=True, by_box=True, keep_empty=False)
mixed = dict(type="YOLOXMixUp", img_scale=input_size, pad_val=114.0, ratio_range=mix_up, pre_transform=[load])
train_pipeline = [
    load,
    dict(type="Mosaic", img_scale=input_size, pad_val=114.0, pre_transform=[load]),
    moved,
    *([mixed] if mix_up else []),
    dict(type="YOLOXHSVRandomAug"),
    dict(type="RandomFlip"),
    keep,
    dict(type="GenerateTarget", encoder=codec),
    dict(type="PackPoseInputs", **pack),
]
late_train_pipeline = [
    load,
    *whole,
    dict(type="YOLOXHSVRandomAug"),
    dict(type="RandomFlip"),
    *([dict(type="BottomupGetHeatmapMask", get_invalid=True)] if late_mask else []),
    keep,
    dict(type="GenerateTarget", encoder=codec),
    dict(type="PackPoseInputs"),
]
meta_keys = ["id", "img_id", "img_path", "ori_shape", "img_shape", "input_size", "input_center", "input_scale"]
val_pipeline = [
    load,
    *val_whole,
    dict(type="PackPoseInputs", meta_keys=meta_keys),
]
average = [
    dict(type="SyncNormHook", priority=48),
    dict(
        type="EMAHook",
        ema_type="ExpMomentumEMA",
        momentum=0.0002,
        update_buffers=True,
        strict_load=False,
        priority=49,
    ),
]
