_base_ = "../../../_base_/recipes/td_hm_face.py"
dataset = "cofw"
backbone = "hrnetv2"
sigma = 1.5
decay_end = 50
