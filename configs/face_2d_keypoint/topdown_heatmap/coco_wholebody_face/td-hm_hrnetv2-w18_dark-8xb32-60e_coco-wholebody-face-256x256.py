_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco_wholebody_face"
backbone = "hrnetv2"
input_size = (256, 256)
codec = dict(unbiased=True)
batch_size = 32
max_epochs = 60
milestones = [40, 55]
decay_end = 210
val_interval = 1
lr = 2e-3
