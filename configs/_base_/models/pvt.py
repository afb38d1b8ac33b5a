channels = 512
weights = "https://github.com/whai362/PVT/releases/download/v2/pvt_small.pth"
model = dict(
    backbone=dict(
        type="PyramidVisionTransformer",
        num_layers=[3, 4, 6, 3],
        init_cfg=dict(type="Pretrained", checkpoint=weights),
    ),
    neck=dict(type="FeatureMapProcessor", select_index=3),
)
