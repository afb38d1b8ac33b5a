_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco_wholebody_hand"
backbone = "scnet"
depth = 50
input_size = (256, 256)
batch_size = 32
