# Stage one: RTMPose-l teaches RTMPose-m by its features and its logits.
_base_ = "../../rtmpose/coco/rtmpose-m_coco-256x192.py"
weights = "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/"
methods = [
    dict(type="FeaLoss", name="loss_fea", use_this=True, student_channels=768, teacher_channels=1024, alpha_fea=7e-5),
    dict(type="KDLoss", name="loss_logit", use_this=True, weight=0.1),
]
model = dict(
    _delete_=True,
    type="DWPoseDistiller",
    teacher_cfg="posekit::body_2d_keypoint/rtmpose/coco/rtmpose-l_coco-256x192.py",
    student_cfg="posekit::body_2d_keypoint/rtmpose/coco/rtmpose-m_coco-256x192.py",
    teacher_pretrained=weights + "rtmpose-l_simcc-aic-coco_pt-aic-coco_420e-256x192-f016ffe0_20230126.pth",
    distill_cfg=[dict(methods=methods)],
)
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))
