_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "humanart"
size = "m"
detections = None
batch_size = 256
val_batch_size = 64
pretrained = "mmpose/v1/projects/rtmpose/cspnext-m_udp-aic-coco_210e-256x192-f2f7d6f6_20230130"
