_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "aflw"
backbone = "hrnetv2"
input_size = (256, 256)
max_epochs = 60
milestones = [40, 55]
val_interval = 1
lr = 2e-3
