_base_ = "../../../_base_/recipes/td_hm_face.py"
dataset = "300w"
backbone = "hrnetv2"
sigma = 1.5
