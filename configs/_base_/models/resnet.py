depth: int = 50
pretrained: str | None = f"torchvision://resnet{depth}"
pretrained_prefix: str | None = None
channels = 2048 if depth >= 50 else 512
weights = dict(type="Pretrained", checkpoint=pretrained, prefix=pretrained_prefix) if pretrained else None
model = dict(backbone=dict(type="ResNet", depth=depth, init_cfg=weights))
