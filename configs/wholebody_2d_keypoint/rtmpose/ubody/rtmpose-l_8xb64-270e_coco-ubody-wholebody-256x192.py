_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "ubody"
size = "l"
wide = True
batch_size = 64
max_epochs = 270
base_batch_size = 512
pretrained = "mmpose/v1/projects/rtmpose/cspnext-l_udp-aic-coco_210e-256x192-273b7631_20230130"
