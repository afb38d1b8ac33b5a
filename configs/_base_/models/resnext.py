depth: int = 50
pretrained: str | None = f"mmcls://resnext{depth}_32x4d"
channels = 2048
weights = dict(type="Pretrained", checkpoint=pretrained) if pretrained else None
model = dict(backbone=dict(type="ResNeXt", depth=depth, init_cfg=weights))
