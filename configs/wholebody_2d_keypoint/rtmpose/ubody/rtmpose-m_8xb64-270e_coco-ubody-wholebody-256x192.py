_base_ = "../../../_base_/recipes/rtmpose.py"
dataset = "ubody"
size = "m"
wide = True
batch_size = 64
max_epochs = 270
base_batch_size = 512
pretrained = "mmpose/v1/projects/rtmpose/cspnext-m_udp-aic-coco_210e-256x192-f2f7d6f6_20230130"
