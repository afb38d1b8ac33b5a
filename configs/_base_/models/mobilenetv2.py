pretrained: str | None = "mmcls://mobilenet_v2"
pretrained_prefix: str | None = None
channels = 1280
weights = dict(type="Pretrained", checkpoint=pretrained, prefix=pretrained_prefix) if pretrained else None
model = dict(backbone=dict(type="MobileNetV2", widen_factor=1.0, out_indices=(7,), init_cfg=weights))
