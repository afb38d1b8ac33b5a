_base_ = "../../../_base_/recipes/multi_stage.py"
dataset = "coco"
backbone = "mspn"
stages = 3
