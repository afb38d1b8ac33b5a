jitter: dict = dict(scale_factor=[0.75, 1.25], rotate_factor=60)
channels = 608
head_type = "ViPNASHead"
model = dict(backbone=dict(type="ViPNAS_ResNet", depth=50))
