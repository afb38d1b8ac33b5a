# Stage two: a new head on the student of stage one learns from that student's own head, for a seventh of the epochs.
_base_ = "../../rtmpose/coco/rtmpose-m_coco-256x192.py"
max_epochs = 60
student = "posekit::body_2d_keypoint/rtmpose/coco/rtmpose-m_coco-256x192.py"
model = dict(
    _delete_=True,
    type="DWPoseDistiller",
    two_dis=True,
    teacher_cfg=student,
    student_cfg=student,
    teacher_pretrained="work_dirs/dwpose_l_dis_m_coco-256x192/last.pth",
    distill_cfg=[dict(methods=[dict(type="KDLoss", name="loss_logit", use_this=True, weight=1.0)])],
)
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = {1: dict(begin=max_epochs // 2, end=max_epochs, T_max=max_epochs // 2)}
custom_hooks = {0: dict(switch_epoch=50)}
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))
