# A ResNet with three transposed convolutions; a config sets depth, pretrained weights and codec.
_base_ = "topdown.py"
model = dict(
    backbone=dict(type="ResNet", depth=50),
    head=dict(
        type="HeatmapHead",
        in_channels=2048,
        out_channels=17,
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
    ),
    test_cfg=dict(flip_mode="heatmap", shift_heatmap=True),
)
