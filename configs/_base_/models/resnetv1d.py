depth: int = 50
pretrained: str | None = f"mmcls://resnet{depth}_v1d"
channels = 2048
weights = dict(type="Pretrained", checkpoint=pretrained) if pretrained else None
model = dict(backbone=dict(type="ResNetV1d", depth=depth, init_cfg=weights))
