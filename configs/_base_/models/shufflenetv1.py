channels = 960
model = dict(
    backbone=dict(type="ShuffleNetV1", groups=3, init_cfg=dict(type="Pretrained", checkpoint="mmcls://shufflenet_v1"))
)
