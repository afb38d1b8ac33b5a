# Top-down regression: pooled features to coordinates, by their distance or, with rle, by residual likelihood
# (arXiv 2107.11291).
dataset: str = "coco"
input_size: tuple = (192, 256)
rle: bool = False
codec: dict = dict(type="RegressionLabel", input_size=input_size)
if rle and dataset == "coco":
    val_evaluator = dict(score_mode="bbox_rle")
_base_ = "topdown.py"
model = dict(
    neck=dict(type="GlobalAveragePooling"),
    head=dict(
        type="RLEHead" if rle else "RegressionHead",
        in_channels=_base_.channels,
        num_joints=_base_.num_keypoints,
        loss=dict(type="RLELoss" if rle else "SmoothL1Loss", use_target_weight=True),
        decoder=codec,
    ),
    test_cfg=dict(shift_coords=True),
)
