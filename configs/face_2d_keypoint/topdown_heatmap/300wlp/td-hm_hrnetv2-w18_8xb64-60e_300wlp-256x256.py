_base_ = "../../../_base_/recipes/td_hm_face.py"
dataset = "300wlp"
backbone = "hrnetv2"
sigma = 1.5
batch_size = 2
base_batch_size = 512
