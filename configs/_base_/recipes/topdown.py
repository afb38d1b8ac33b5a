# What the top-down estimators share: a dataset's crops of single instances, a backbone and a schedule by steps.
dataset: str = "coco"
backbone: str = "resnet"
codec: dict | list
schedule: str = "step"
_base_ = [
    f"../data/{dataset}.py",
    f"../models/{backbone}.py",
    "../pipelines/topdown.py",
    "../loaders.py",
    f"../schedules/{schedule}.py",
    "../default_runtime.py",
]
model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=_base_.data_preprocessor,
    test_cfg=dict(flip_test=True),
)
