# Top-down heatmaps: the crop of one person in, one map per keypoint out (arXiv 1804.06208).
input_size: tuple = (192, 256)
sigma: float = 2
stride: int = 4
udp: bool = False
codec: dict | list = dict(
    type="UDPHeatmap" if udp else "MSRAHeatmap",
    input_size=input_size,
    heatmap_size=(input_size[0] // stride, input_size[1] // stride),
    sigma=sigma,
)
_base_ = "topdown.py"
model = dict(
    head=dict(
        type=_base_.get("head_type", "HeatmapHead"),
        in_channels=_base_.channels,
        out_channels=_base_.num_keypoints,
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
        decoder=codec,
        **_base_.get("heatmap_head", {}),
    ),
    test_cfg=dict(flip_mode="heatmap", shift_heatmap=not udp),
)
