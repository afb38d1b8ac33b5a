_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "humanart"
size = "t"
detections = None
batch_size = 256
val_batch_size = 64
pretrained = "mmpose/v1/projects/rtmpose/cspnext-tiny_udp-aic-coco_210e-256x192-cbed682d_20230130"
