_base_ = "../../../../_base_/recipes/dwpose_stage2.py"
student = "ubody/rtmpose-s_8xb64-270e_coco-ubody-wholebody-256x192"
teacher_pretrained = "work_dirs/dwpose_l_dis_s_coco-ubody-256x192/dw-l-s_ucoco_256.pth"
