_base_ = "../../../_base_/recipes/multi_stage.py"
dataset = "coco"
backbone = "rsn"
num_blocks = [2, 2, 2, 2]
lr = 2e-2
milestones = [170, 190, 200]
