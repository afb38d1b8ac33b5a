# What the bottom-up estimators on HRNet share: whole images of COCO or CrowdPose and a schedule by steps.
dataset: str = "coco"
width: int = 32
codec: dict
score_mode: str = "keypoint"
nms: dict = dict(nms_mode="none")
detections = None
data_mode = "bottomup"
val_evaluator = dict(**nms, score_mode=score_mode)
val_batch_size: int = 1
lr: float = 1e-3
max_epochs: int = 140
milestones: list = [90, 120]
_base_ = [
    f"../data/{dataset}.py",
    "../models/hrnet.py",
    "../pipelines/bottomup.py",
    "../loaders.py",
    "../schedules/step.py",
    "../default_runtime.py",
]
model = dict(
    type="BottomupPoseEstimator",
    data_preprocessor=_base_.data_preprocessor,
    test_cfg=dict(multiscale_test=False, flip_test=True, shift_heatmap=False, align_corners=False),
)
