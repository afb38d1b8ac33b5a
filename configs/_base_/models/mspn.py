# MSPN: one to four stages of ResNet-50s with upsampling ways back.
stages: int = 1
model = dict(
    backbone=dict(
        type="MSPN",
        unit_channels=256,
        num_stages=stages,
        num_units=4,
        num_blocks=[3, 4, 6, 3],
        norm_cfg=dict(type="BN"),
        init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet50"),
    )
)
