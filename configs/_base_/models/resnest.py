depth: int = 50
pretrained: str | None = f"mmcls://resnest{depth}"
channels = 2048
weights = dict(type="Pretrained", checkpoint=pretrained) if pretrained else None
model = dict(backbone=dict(type="ResNeSt", depth=depth, init_cfg=weights))
