# RTMW: RTMPose for whole bodies, with a feature pyramid for the small parts (arXiv 2407.08634).
dataset: str = "cocktail14"
size: str = "l"
input_size: tuple = (192, 256)
codec: dict = dict(decode_visibility=input_size[1] >= 384)
max_epochs: int = 270
switch_epoch: int = max_epochs - 10
lr: float = 5e-4
weight_decay: float = 0.05 if size == "m" else 0.1
max_grad_norm: float | None = 35
wide = True
colour = [dict(type="PhotometricDistortion")]
late_colour = []
dropout = 0.5
late_dropout = 0.0
target = dict(use_dataset_keypoint_weights=True)
_base_ = "rtmpose.py"
channels = _base_.channels
model = dict(
    backbone=dict(out_indices=(2, 3, 4), norm_cfg=dict(type="BN")),
    neck=dict(
        type="CSPNeXtPAFPN",
        in_channels=[channels // 4, channels // 2, channels],
        out_channels=None,
        out_indices=(1, 2),
        num_csp_blocks=2,
        expand_ratio=0.5,
        norm_cfg=dict(type="SyncBN"),
        act_cfg=dict(type="SiLU", inplace=True),
    ),
    head=dict(
        type="RTMWHead",
        # Half the weight for the face, whose 68 points would outweigh all others.
        loss=dict(beta=1.0, label_beta=10.0, mask=list(range(23, 91)), mask_weight=0.5),
    ),
)
