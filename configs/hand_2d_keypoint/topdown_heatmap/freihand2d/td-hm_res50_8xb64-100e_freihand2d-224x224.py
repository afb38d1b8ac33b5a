_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "freihand2d"
backbone = "resnet"
depth = 50
input_size = (224, 224)
max_epochs = 100
milestones = [50, 70]
val_interval = 1
