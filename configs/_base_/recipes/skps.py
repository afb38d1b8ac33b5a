# SKPS: heatmaps that say which cell a point is in, and from each cell the way to it.
input_size: tuple = (256, 256)
codec: dict = dict(
    type="SKPSHeatmap", input_size=input_size, heatmap_size=(input_size[0] // 4, input_size[1] // 4), sigma=2
)
backbone: str = "hrnetv2"
lr: float = 2e-3
max_epochs: int = 80
milestones: list = [max_epochs // 2, max_epochs * 3 // 4]
val_interval: int = 1
base_batch_size: int = 512
jitter = dict(shift_prob=0.0, rotate_factor=45, scale_factor=(0.75, 1.25), scale_prob=1.0)
optim_wrapper = dict(optimizer=dict(type="AdamW", lr=lr, weight_decay=0.0005))
colour = [
    dict(type="RandomBrightnessContrast", p=0.5),
    dict(type="HueSaturationValue", p=0.5),
    dict(type="GaussianBlur", p=0.5),
    dict(type="GaussNoise", p=0.1),
    dict(
        type="CoarseDropout",
        **dict(max_holes=8, max_height=0.2, max_width=0.2, min_holes=1, min_height=0.1, min_width=0.1, p=0.5),
    ),
]
before_crop: list = [dict(type="Albumentation", transforms=colour)]
_base_ = "topdown.py"
model = dict(
    head=dict(
        type="SKPSHead",
        in_channels=_base_.channels,
        out_channels=_base_.num_keypoints,
        **{name: _base_.heatmap_head[name] for name in ("conv_out_channels", "conv_kernel_sizes")},
        heatmap_loss=dict(type="AdaptiveWingLoss", use_target_weight=True),
        offside_loss=dict(type="AdaptiveWingLoss", use_target_weight=True),
        decoder=codec,
    ),
    test_cfg=dict(shift_heatmap=True),
)
