_base_ = "../../../_base_/recipes/td_hm_face.py"
dataset = "coco_wholebody_face"
backbone = "mobilenetv2"
batch_size = 32
decay_end = 210
