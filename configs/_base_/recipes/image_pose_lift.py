# Lifting of one image's keypoints into three dimensions by dense layers (arXiv 1705.03098).
dataset: str = "h36m"
sequence = dict(seq_len=1, causal=True, keypoint_2d_src="gt")
flip = False
meta_keys = [
    *("id", "category_id", "target_img_path", "flip_indices"),
    *("target_root", "target_root_index", "target_mean", "target_std"),
]
val_batch_size: int = 64
max_epochs: int = 200
base_batch_size: int = 512
param_scheduler = [dict(type="StepLR", step_size=100000, gamma=0.96, end=80, by_epoch=False)]
_base_ = [
    f"../data/{dataset}.py",
    "../codecs/h36m_image.py",
    "../pipelines/lifting.py",
    "../loaders.py",
    "../schedules/decay.py",
    "../default_runtime.py",
]
model = dict(
    type="PoseLifter",
    backbone=dict(
        type="TCN", in_channels=2 * 17, stem_channels=1024, num_blocks=2, kernel_sizes=(1, 1, 1), dropout=0.5
    ),
    head=dict(
        type="TemporalRegressionHead",
        in_channels=1024,
        num_joints=16,
        loss=dict(type="MSELoss"),
        decoder=_base_.codec,
    ),
)
val_dataloader = dict(dataset=dict(test_mode=None))  # as published
test_dataloader = val_dataloader
