_base_ = "../../../_base_/recipes/td_hm.py"
dataset = "coco_wholebody_hand"
backbone = "hourglass"
input_size = (256, 256)
flip_first = True
batch_size = 32
