_base_ = "../../../_base_/recipes/simcc.py"
dataset = "coco"
backbone = "resnet"
depth = 50
lr = 1e-3
param_scheduler = {1: dict(_delete_=True, type="MultiStepLR", milestones=[170, 200], gamma=0.1, by_epoch=True)}
