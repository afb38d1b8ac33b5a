_base_ = "../../../../_base_/recipes/dwpose_stage2.py"
student = "coco-wholebody/rtmpose-l_8xb32-270e_coco-wholebody-384x288"
teacher_pretrained = "work_dirs/dwpose_x_dis_l_coco-384x288/dw-x-l_coco_384.pth"
