depth: int = 50
pretrained: str | None = f"mmcls://se-resnet{depth}" if depth < 152 else None
channels = 2048
weights = dict(type="Pretrained", checkpoint=pretrained) if pretrained else None
model = dict(backbone=dict(type="SEResNet", depth=depth, init_cfg=weights))
