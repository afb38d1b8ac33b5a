_base_ = "../../../../_base_/recipes/dwpose_stage1.py"
student = "coco-wholebody/rtmpose-m_8xb64-270e_coco-wholebody-256x192"
teacher = "coco-wholebody/rtmpose-l_8xb64-270e_coco-wholebody-256x192"
teacher_pretrained = (
    "https://download.openmmlab.com/mmpose/v1/projects/rtmpose/"
    "rtmpose-l_simcc-coco-wholebody_pt-aic-coco_270e-256x192-6f206314_20230124.pth"
)
