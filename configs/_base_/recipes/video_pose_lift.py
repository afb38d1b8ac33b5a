# VideoPose3D: lifting over time by dilated convolutions; the frames they see decide their number (arXiv 1811.11742).
dataset: str = "h36m"
frames: int = 27
cpn: bool = False
semi: bool = False  # with a second network for the path of the root, for videos without labels; for testing only
sequence = dict(
    seq_len=frames,
    causal=False,
    pad_video_seq=frames > 1,
    camera_param_file="annotation_body3d/cameras.pkl",
)
codec = dict(type="VideoPoseLifting", num_keypoints=17, zero_center=True, root_index=0, remove_root=False)
if semi:
    val_evaluator = [dict(type="MPJPE", mode=mode) for mode in ("mpjpe", "p-mpjpe", "n-mpjpe")]
    optim_wrapper = None
    param_scheduler = None
lr: float = 1e-4 if cpn else 1e-3
gamma: float = 0.98 if cpn else 0.975
batch_size: int = 128
val_batch_size: int = batch_size
_base_ = [
    f"../data/{dataset}.py",
    "../pipelines/lifting.py",
    "../loaders.py",
    "../schedules/decay.py",
    "../default_runtime.py",
]
kernel_sizes = {1: (1, 1, 1, 1, 1), 27: (3, 3, 3), 81: (3, 3, 3, 3), 243: (3, 3, 3, 3, 3)}[frames]
backbone = dict(
    type="TCN",
    in_channels=2 * 17,
    stem_channels=1024,
    num_blocks=len(kernel_sizes) - 1,
    kernel_sizes=kernel_sizes,
    dropout=0.25,
    use_stride_conv=True,
)
model = dict(
    type="PoseLifter",
    backbone=backbone,
    head=dict(
        type="TemporalRegressionHead",
        in_channels=1024,
        num_joints=17,
        loss=dict(type="MPJPELoss"),
        decoder=codec,
    ),
)
if semi:
    model["traj_backbone"] = backbone
    model["traj_head"] = dict(
        type="TrajectoryRegressionHead",
        in_channels=1024,
        num_joints=1,
        loss=dict(type="MPJPELoss", use_target_weight=True),
        decoder=codec,
    )
    model["semi_loss"] = dict(
        type="SemiSupervisionLoss",
        joint_parents=[0, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15],
        warmup_iterations=1311376 // 64 // 8 * 5,
    )
    train_dataloader = None
    train_cfg = None
