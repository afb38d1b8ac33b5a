depth: int = 18
jitter: dict = dict(scale_factor=[0.75, 1.25], rotate_factor=60)
modules = {18: (2, 4, 2), 30: (3, 8, 3)}
channels = 40
heatmap_head = dict(deconv_out_channels=None)
model = dict(
    backbone=dict(
        type="LiteHRNet",
        in_channels=3,
        extra=dict(
            stem=dict(stem_channels=32, out_channels=32, expand_ratio=1),
            num_stages=3,
            stages_spec=dict(
                num_modules=modules[depth],
                num_branches=(2, 3, 4),
                num_blocks=(2, 2, 2),
                module_type=("LITE", "LITE", "LITE"),
                with_fuse=(True, True, True),
                reduce_ratios=(8, 8, 8),
                num_channels=((40, 80), (40, 80, 160), (40, 80, 160, 320)),
            ),
            with_head=True,
        ),
    ),
)
