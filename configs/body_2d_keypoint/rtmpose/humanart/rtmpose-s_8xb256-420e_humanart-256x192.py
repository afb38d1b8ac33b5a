_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "humanart"
size = "s"
detections = None
batch_size = 256
val_batch_size = 64
pretrained = "mmpose/v1/projects/rtmpose/cspnext-s_udp-aic-coco_210e-256x192-92f5a029_20230130"
