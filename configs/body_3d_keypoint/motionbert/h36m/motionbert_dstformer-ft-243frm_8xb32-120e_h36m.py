_base_ = "../../../_base_/recipes/motionbert.py"
dataset = "h36m"
max_epochs = 120
model = dict(
    init_cfg=dict(
        type="Pretrained",
        checkpoint="https://download.openmmlab.com/mmpose/v1/body_3d_keypoint/pose_lift/h36m/"
        "motionbert_pretrain_h36m-29ffebf5_20230719.pth",
    )
)
