_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "humanart"
size = "l"
detections = None
batch_size = 256
val_batch_size = 64
pretrained = "mmpose/v1/projects/rtmpose/cspnext-l_udp-aic-coco_210e-256x192-273b7631_20230130"
