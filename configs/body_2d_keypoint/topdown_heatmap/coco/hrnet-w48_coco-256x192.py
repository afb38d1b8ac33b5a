_base_ = "hrnet-w32_coco-256x192.py"
model = dict(
    backbone=dict(
        extra=dict(
            stage2=dict(num_channels=(48, 96)),
            stage3=dict(num_channels=(48, 96, 192)),
            stage4=dict(num_channels=(48, 96, 192, 384)),
        ),
    ),
    head=dict(in_channels=48),
)
train_dataloader = dict(batch_size=32)
