_base_ = "resnet-50_coco-256x192.py"
model = dict(
    backbone=dict(depth=18, init_cfg=dict(checkpoint="torchvision://resnet18")),
    head=dict(in_channels=512),
)
