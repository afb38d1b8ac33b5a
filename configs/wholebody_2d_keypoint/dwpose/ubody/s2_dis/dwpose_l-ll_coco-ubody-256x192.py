_base_ = "../../../../_base_/recipes/dwpose_stage2.py"
student = "ubody/rtmpose-l_8xb64-270e_coco-ubody-wholebody-256x192"
teacher_pretrained = "work_dirs/dwpose_x_dis_l_coco-ubody-256x192/dw-x-l_ucoco_256.pth"
