_base_ = "motionbert_dstformer-ft-243frm_8xb32-120e_h36m.py"
version = "_original"
