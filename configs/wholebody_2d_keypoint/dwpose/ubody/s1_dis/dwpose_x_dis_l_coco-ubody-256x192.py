_base_ = "../../../../_base_/recipes/dwpose_stage1.py"
student = "ubody/rtmpose-l_8xb64-270e_coco-ubody-wholebody-256x192"
teacher = "ubody/rtmpose-x_8xb64-270e_coco-ubody-wholebody-256x192"
teacher_channels = 1280
teacher_pretrained = (
    "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/rtmpose-x_ucoco_256x192-05f5bcb7_20230822.pth"
)
