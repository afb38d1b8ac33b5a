_base_ = "../../../_base_/recipes/ae.py"
dataset = "coco"
width = 32
batch_size = 24
max_epochs = 300
milestones = [200, 260]
lr = 1.5e-3
save_interval = 50
