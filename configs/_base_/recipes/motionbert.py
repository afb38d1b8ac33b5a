# MotionBERT: a transformer over the joints and the frames of 243 (arXiv 2210.06551).
dataset: str = "h36m"
version: str = ""
sequence = dict(seq_len=1, multiple_target=243, camera_param_file="annotation_body3d/cameras.pkl")
train_set = dict(multiple_target_step=81)
test_factors = dict(factor_file="annotation_body3d/fps50/h36m_factors.npy") if version else {}
val_set = dict(seq_step=1, multiple_target_step=None, **test_factors)
# What other works leave out of the test: files whose annotations are wrong.
skip_list = ["S9_Greet", "S9_SittingDown", "S9_Wait_1", "S9_Greeting", "S9_Waiting_1"]
val_evaluator = {0: dict(skip_list=skip_list), 1: dict(skip_list=skip_list)}
train_codec = dict(type="MotionBERTLabel", num_keypoints=17, concat_vis=True, mode="train")
val_codec = dict(type="MotionBERTLabel", num_keypoints=17, concat_vis=True, rootrel=True)
still = dict(center_mode="static", center_x=0.0)
meta_keys = ["id", "category_id", "target_img_path", "flip_indices", "factor", "camera_param"]
train_pipeline = [
    dict(type="GenerateTarget", encoder=train_codec),
    dict(type="RandomFlipAroundRoot", keypoints_flip_cfg=still, target_flip_cfg=still, flip_label=True),
    dict(type="PackPoseInputs", meta_keys=meta_keys),
]
val_pipeline = [dict(type="GenerateTarget", encoder=val_codec), dict(type="PackPoseInputs", meta_keys=meta_keys)]
batch_size: int = 32
val_batch_size: int = 32
lr: float = 2e-4
gamma: float = 0.99
max_epochs: int = 240
base_batch_size: int = 512
optim_wrapper = dict(optimizer=dict(type="AdamW", weight_decay=0.01))
_base_ = [f"../data/{dataset}.py", "../loaders.py", "../schedules/decay.py", "../default_runtime.py"]
model = dict(
    type="PoseLifter",
    backbone=dict(
        type="DSTFormer",
        in_channels=3,
        feat_size=512,
        depth=5,
        num_heads=8,
        mlp_ratio=2,
        seq_len=243,
        att_fuse=True,
    ),
    head=dict(
        type="MotionRegressionHead",
        in_channels=512,
        out_channels=3,
        embedding_size=512,
        loss=dict(type="MPJPEVelocityJointLoss"),
        decoder=val_codec,
    ),
    test_cfg=dict(flip_test=True),
)
