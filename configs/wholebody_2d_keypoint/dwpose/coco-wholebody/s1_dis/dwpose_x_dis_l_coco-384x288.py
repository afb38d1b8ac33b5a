_base_ = "../../../../_base_/recipes/dwpose_stage1.py"
student = "coco-wholebody/rtmpose-l_8xb32-270e_coco-wholebody-384x288"
teacher = "coco-wholebody/rtmpose-x_8xb32-270e_coco-wholebody-384x288"
teacher_channels = 1280
teacher_pretrained = (
    "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/"
    "rtmpose-x_simcc-coco-wholebody_pt-body7_270e-384x288-401dfc90_20230629.pth"
)
