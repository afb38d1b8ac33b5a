_base_ = "../../../_base_/recipes/td_hm_face.py"
dataset = "aflw"
backbone = "hrnetv2"
