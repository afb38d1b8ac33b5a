_base_ = "../../../_base_/recipes/cspnext_udp.py"
dataset = "coco_wholebody"
size = "l"
udp = False
detections = None
batch_size = 64
base_batch_size = 512
model = dict(test_cfg=dict(flip_test=False))
