# DWPose, stage one: a larger RTMPose teaches a smaller one by its features and its logits (arXiv 2307.15880).
student: str = "coco-wholebody/rtmpose-m_8xb64-270e_coco-wholebody-256x192"
teacher: str = "coco-wholebody/rtmpose-l_8xb64-270e_coco-wholebody-256x192"
teacher_pretrained: str
teacher_channels: int = 1024
max_grad_norm = 1.0
_base_ = f"../../wholebody_2d_keypoint/rtmpose/{student}.py"
features = dict(
    type="FeaLoss",
    name="loss_fea",
    use_this=True,
    student_channels=_base_.channels,
    teacher_channels=teacher_channels,
    alpha_fea=0.00007,
)
model = dict(
    _delete_=True,
    type="DWPoseDistiller",
    data_preprocessor=_base_.data_preprocessor,
    teacher_cfg=f"posekit::wholebody_2d_keypoint/rtmpose/{teacher}.py",
    student_cfg=f"posekit::wholebody_2d_keypoint/rtmpose/{student}.py",
    teacher_pretrained=teacher_pretrained,
    distill_cfg=[
        dict(methods=[features]),
        dict(methods=[dict(type="KDLoss", name="loss_logit", use_this=True, weight=0.1)]),
    ],
)
find_unused_parameters = False
