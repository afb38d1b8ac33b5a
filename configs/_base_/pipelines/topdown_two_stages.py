# Strong changes of boxes and colours first, and after switch_epoch gentler ones: how RTMPose trains.
codec: dict
input_size: tuple
switch_epoch: int
udp: bool = False
half_body: bool = True
late_half_body: bool = half_body
flip_first: bool = True
wide: bool = False  # boxes that vary more, also in the second stage: for larger models and more data
wide_jitter = dict(scale_factor=[0.5, 1.5], rotate_factor=90)
strong_jitter: dict = wide_jitter if wide else dict(scale_factor=[0.6, 1.4], rotate_factor=80)
late_jitter: dict = wide_jitter if wide else dict(scale_factor=[0.75, 1.25], rotate_factor=60)
colour: list = [dict(type="YOLOXHSVRandomAug")]
late_colour: list = colour
blur: float = 0.1
late_blur: float = blur
dropout: float = 1.0
late_dropout: float = 0.5
target: dict = {}  # further arguments of GenerateTarget
late_target: dict = target
ema: bool = True
load = [dict(type="LoadImage"), dict(type="GetBBoxCenterScale")]
flip = [dict(type="RandomFlip", direction="horizontal")]
crop = dict(type="TopdownAffine", input_size=input_size, use_udp=udp)
hole = dict(
    type="CoarseDropout", max_holes=1, max_height=0.4, max_width=0.4, min_holes=1, min_height=0.2, min_width=0.2
)
train_pipeline = [
    *load,
    *(flip if flip_first else []),
    *([dict(type="RandomHalfBody")] if half_body else []),
    dict(type="RandomBBoxTransform", **strong_jitter),
    *([] if flip_first else flip),
    crop,
    *colour,
    dict(
        type="Albumentation",
        transforms=[dict(type="Blur", p=blur), dict(type="MedianBlur", p=blur), dict(**hole, p=dropout)],
    ),
    dict(type="GenerateTarget", encoder=codec, **target),
    dict(type="PackPoseInputs"),
]
late_train_pipeline = [
    *load,
    *(flip if flip_first else []),
    *([dict(type="RandomHalfBody")] if late_half_body else []),
    dict(type="RandomBBoxTransform", shift_factor=0.0, **late_jitter),
    *([] if flip_first else flip),
    crop,
    *late_colour,
    dict(
        type="Albumentation",
        transforms=[
            dict(type="Blur", p=late_blur),
            dict(type="MedianBlur", p=late_blur),
            *([dict(**hole, p=late_dropout)] if late_dropout else []),
        ],
    ),
    dict(type="GenerateTarget", encoder=codec, **late_target),
    dict(type="PackPoseInputs"),
]
val_pipeline = [*load, crop, dict(type="PackPoseInputs")]
average = dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=0.0002, update_buffers=True, priority=49)
custom_hooks = [
    *([average] if ema else []),
    dict(type="PipelineSwitchHook", switch_epoch=switch_epoch, switch_pipeline=late_train_pipeline),
]
data_preprocessor = dict(
    type="PoseDataPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
)
