channels = 1024
weights = dict(type="Pretrained", checkpoint="mmcls://shufflenet_v2")
model = dict(backbone=dict(type="ShuffleNetV2", widen_factor=1.0, init_cfg=weights))
