_base_ = "../../../_base_/recipes/dekr.py"
dataset = "coco"
width = 48
input_size = (640, 640)
