_base_ = "../../../../_base_/recipes/dwpose_stage1.py"
student = "ubody/rtmpose-m_8xb64-270e_coco-ubody-wholebody-256x192"
teacher = "ubody/rtmpose-l_8xb64-270e_coco-ubody-wholebody-256x192"
teacher_pretrained = (
    "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/rtmpose-l_ucoco_256x192-95bb32f5_20230822.pth"
)
