# EfficientNet-Lite0 with a way back up to a quarter of the input's size: small and fast on CPUs.
channels = 64
heatmap_head = dict(deconv_out_channels=None)
pretrained = "{{$POSEKIT_DATA:data}}/pretrained/efficientnet-lite0.safetensors"
model = dict(
    backbone=dict(
        type="TimmBackbone",
        model_name="tf_efficientnet_lite0",
        out_indices=(1, 2, 3, 4),
        frozen_stages=2,
        init_cfg=dict(type="Pretrained", checkpoint=pretrained),
    ),
    neck=dict(type="UpsamplingNeck", in_channels=(24, 40, 112, 320), out_channels=(128, 96, channels)),
)
