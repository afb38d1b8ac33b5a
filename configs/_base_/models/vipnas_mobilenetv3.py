jitter: dict = dict(scale_factor=[0.75, 1.25], rotate_factor=60)
channels = 160
head_type = "ViPNASHead"
heatmap_head = dict(deconv_out_channels=(160, 160, 160), deconv_num_groups=(160, 160, 160))
model = dict(backbone=dict(type="ViPNAS_MobileNetV3"))
