_base_ = "../../../_base_/recipes/td_hm_face.py"
dataset = "wflw"
backbone = "hrnetv2"
