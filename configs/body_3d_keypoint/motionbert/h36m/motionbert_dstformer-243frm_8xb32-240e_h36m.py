_base_ = "../../../_base_/recipes/motionbert.py"
dataset = "h36m"
