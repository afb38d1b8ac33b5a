# InterNet: both hands in three dimensions, which hands there are, and how far apart (arXiv 2008.09309).
dataset: str = "interhand3d"
input_size: tuple = (256, 256)
codec: dict = dict(
    type="Hand3DHeatmap",
    image_size=input_size,
    root_heatmap_size=64,
    heatmap_size=[64, 64, 64],
    sigma=2.5,
    max_bound=255,
    depth_size=64,
)
load = [dict(type="LoadImage"), dict(type="GetBBoxCenterScale")]
crop = dict(type="TopdownAffine", input_size=input_size)
meta_keys = [
    *("id", "img_id", "img_path", "rotation", "img_shape", "focal", "principal_pt", "input_size", "input_center"),
    *("input_scale", "hand_type", "hand_type_valid", "flip", "flip_indices", "abs_depth"),
]
pack = dict(type="PackPoseInputs", meta_keys=meta_keys)
train_pipeline = [
    *load,
    dict(type="HandRandomFlip", prob=0.5),
    dict(type="RandomBBoxTransform", rotate_factor=90.0),
    crop,
    dict(type="GenerateTarget", encoder=codec),
    pack,
]
val_pipeline = [*load, crop, pack]
batch_size: int = 16
val_batch_size: int = 16
lr: float = 2e-4
max_epochs: int = 20
milestones: list = [15, 17]
val_interval: int = 1
warm_up = False
_base_ = [
    f"../data/{dataset}.py",
    "../models/resnet.py",
    "../loaders.py",
    "../schedules/step.py",
    "../default_runtime.py",
]
model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=dict(
        type="PoseDataPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    head=dict(
        type="InternetHead",
        keypoint_head_cfg=dict(
            in_channels=_base_.channels,
            out_channels=21 * 64,
            depth_size=64,
            deconv_out_channels=(256, 256, 256),
            deconv_kernel_sizes=(4, 4, 4),
        ),
        root_head_cfg=dict(in_channels=_base_.channels, heatmap_size=64, hidden_dims=(512,)),
        hand_type_head_cfg=dict(in_channels=_base_.channels, num_labels=2, hidden_dims=(512,)),
        decoder=codec,
    ),
    test_cfg=dict(flip_test=False),
)
