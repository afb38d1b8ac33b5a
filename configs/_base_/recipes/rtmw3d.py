# RTMW3D: RTMW with a third row of bins, for each keypoint's depth (arXiv 2407.08634).
dataset: str = "cocktail14_3d"
size: str = "l"
input_size: tuple = (288, 384)
depth: int = 288
codec: dict = dict(
    _delete_=True,
    type="SimCC3DLabel",
    input_size=(*input_size, depth),
    sigma=(6.0, 6.93, 6.0),
    simcc_split_ratio=2.0,
    normalize=False,
    use_dark=False,
    root_index=(11, 12),
)
lr: float = 5e-4
weight_decay: float = 0.05
max_grad_norm: float | None = None
base_batch_size: int = 4096
wide = False
late_jitter = dict(scale_factor=[0.5, 1.5], rotate_factor=90)
colour = [dict(type="YOLOXHSVRandomAug")]
dropout = 1.0
target = dict(use_dataset_keypoint_weights=False)
batch_size: int = 64
val_batch_size: int = batch_size
val_pipeline = [
    dict(type="LoadImage"),
    dict(type="GetBBoxCenterScale"),
    dict(type="TopdownAffine", input_size=input_size),
    dict(type="GenerateTarget", encoder=codec),  # which tells the root's depth
    dict(type="PackPoseInputs"),
]
_base_ = "rtmw.py"
# For BoneLoss, which shows the difference of bones' lengths: each keypoint's parent; 0 has none.
parents = [
    *(0, 1, 2, 3, 4, 5, 6, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23),
    *range(23, 39),
    *(2, 2, 2, 2, 2, 3, 3, 3, 3, 3),
    *(50, 50, 51, 52, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3),
    *(0,) * 20,
    *(7, 91, 92, 93, 94, 91, 96, 97, 98, 91, 100, 101, 102, 91, 104, 105, 106, 91, 108, 109, 110),
    *(8, 112, 113, 114, 113, 112, 117, 118, 117, 112, 121, 122, 123, 112, 125, 126, 127, 112, 129, 130, 131),
]
model = dict(
    type="TopdownPoseEstimator3D",
    head=dict(
        type="RTMW3DHead",
        input_size=codec["input_size"],
        gau_cfg=dict(dropout_rate=0.1 if size == "l" else 0.0),
        loss=[
            dict(type="KLDiscretLossWithWeight", use_target_weight=True, beta=10.0, label_softmax=True),
            dict(type="BoneLoss", joint_parents=parents, use_target_weight=True, loss_weight=2.0),
        ],
    ),
    test_cfg=dict(flip_test=False),
)
