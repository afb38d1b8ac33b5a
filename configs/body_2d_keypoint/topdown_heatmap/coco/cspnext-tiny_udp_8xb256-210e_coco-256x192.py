_base_ = "../../../_base_/recipes/cspnext_udp.py"
dataset = "coco"
size = "t"
detections = None
batch_size = 256
val_batch_size = 64
