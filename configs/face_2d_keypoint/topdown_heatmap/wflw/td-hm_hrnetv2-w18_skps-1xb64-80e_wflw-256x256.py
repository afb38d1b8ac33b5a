_base_ = "../../../_base_/recipes/skps.py"
dataset = "wflw"
