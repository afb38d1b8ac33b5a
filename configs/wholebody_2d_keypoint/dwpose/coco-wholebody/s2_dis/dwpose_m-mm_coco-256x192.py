_base_ = "../../../../_base_/recipes/dwpose_stage2.py"
student = "coco-wholebody/rtmpose-m_8xb64-270e_coco-wholebody-256x192"
teacher_pretrained = "work_dirs/dwpose_l_dis_m_coco-256x192/dw-l-m_coco_256.pth"
