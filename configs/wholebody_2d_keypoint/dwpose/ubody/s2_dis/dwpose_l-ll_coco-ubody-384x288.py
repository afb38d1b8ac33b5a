_base_ = "../../../../_base_/recipes/dwpose_stage2.py"
student = "ubody/rtmpose-l_8xb32-270e_coco-ubody-wholebody-384x288"
teacher_pretrained = "work_dirs/dwpose_x_dis_l_coco-ubody-384x288/dw-x-l_ucoco_384.pth"
