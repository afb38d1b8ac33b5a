# Top-down heatmaps: the crop of one person in, one map per keypoint out (arXiv 1804.06208).
dataset: str = "coco"
backbone: str = "resnet"
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
_base_ = [
    f"../data/{dataset}.py",
    f"../models/{backbone}.py",
    "../pipelines/topdown.py",
    "../loaders.py",
    "../schedules/step.py",
    "../default_runtime.py",
]
model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=_base_.data_preprocessor,
    head=dict(
        type=_base_.get("head_type", "HeatmapHead"),
        in_channels=_base_.channels,
        out_channels=_base_.num_keypoints,
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
        decoder=codec,
        **_base_.get("heatmap_head", {}),
    ),
    test_cfg=dict(flip_test=True, flip_mode="heatmap", shift_heatmap=not udp),
)
