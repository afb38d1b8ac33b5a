# RSN: as MSPN, with residual steps inside each block.
stages: int = 1
num_blocks: list = [3, 4, 6, 3]
model = dict(
    backbone=dict(
        type="RSN",
        unit_channels=256,
        num_stages=stages,
        num_units=4,
        num_blocks=num_blocks,
        num_steps=4,
        norm_cfg=dict(type="BN"),
    )
)
