# DWPose, stage two: a new head on the student of stage one learns from that student's own head (arXiv 2307.15880).
student: str = "coco-wholebody/rtmpose-m_8xb64-270e_coco-wholebody-256x192"
teacher_pretrained: str  # of stage one, only its student
max_grad_norm = 1.0
_base_ = f"../../wholebody_2d_keypoint/rtmpose/{student}.py"
train_cfg = dict(max_epochs=60)
model = dict(
    _delete_=True,
    type="DWPoseDistiller",
    two_dis=True,
    data_preprocessor=_base_.data_preprocessor,
    teacher_cfg=f"posekit::wholebody_2d_keypoint/rtmpose/{student}.py",
    student_cfg=f"posekit::wholebody_2d_keypoint/rtmpose/{student}.py",
    teacher_pretrained=teacher_pretrained,
    distill_cfg=[dict(methods=[dict(type="KDLoss", name="loss_logit", use_this=True, weight=1)])],
    train_cfg=dict(max_epochs=60, val_interval=10),
)
find_unused_parameters = True
