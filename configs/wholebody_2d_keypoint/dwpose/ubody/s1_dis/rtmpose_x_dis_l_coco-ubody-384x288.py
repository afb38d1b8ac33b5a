_base_ = "../../../../_base_/recipes/dwpose_stage1.py"
student = "ubody/rtmpose-l_8xb32-270e_coco-ubody-wholebody-384x288"
teacher = "ubody/rtmpose-x_8xb32-270e_coco-ubody-wholebody-384x288"
teacher_channels = 1280
teacher_pretrained = (
    "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/rtmpose-x_ucoco_384x288-f5b50679_20230822.pth"
)
