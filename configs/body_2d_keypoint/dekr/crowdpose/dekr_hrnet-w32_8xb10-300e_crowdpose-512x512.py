_base_ = "../../../_base_/recipes/dekr.py"
dataset = "crowdpose"
width = 32
max_epochs = 300
milestones = [200, 260]
val_interval = 20
mask = False
