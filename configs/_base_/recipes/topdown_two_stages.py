# What RTMPose and its pretraining share: CSPNeXt, strong and then gentle changes of the crops, and a cosine schedule.
dataset: str = "coco"
size: str = "m"
codec: dict
backbone: str = "cspnext"
pipeline: str = "topdown_two_stages"
schedule: str = "cosine"
max_epochs: int = 420
switch_epoch: int = max_epochs - 30
ema: bool = size != "t"
max_keep_ckpts: int = 1
_base_ = [
    f"../data/{dataset}.py",
    f"../models/{backbone}.py",
    f"../pipelines/{pipeline}.py",
    "../loaders.py",
    f"../schedules/{schedule}.py",
    "../default_runtime.py",
]
model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=_base_.data_preprocessor,
    test_cfg=dict(flip_test=True),
)
