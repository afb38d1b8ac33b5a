_base_ = "motionbert_dstformer-243frm_8xb32-240e_h36m.py"
version = "_original"
