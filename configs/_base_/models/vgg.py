channels = 512
weights = dict(type="Pretrained", checkpoint="mmcls://vgg16_bn")
model = dict(backbone=dict(type="VGG", depth=16, norm_cfg=dict(type="BN"), init_cfg=weights))
