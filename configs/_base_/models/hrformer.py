size: str = "small"
width, drop_path_rate, file = dict(
    small=(32, 0.1, "hrformer_small-09516375_20220226"), base=(78, 0.2, "hrformer_base-32815020_20220226")
)[size]
heads = 1 if size == "small" else 2
ratios = "num_mlp_ratios" if size == "small" else "mlp_ratios"
channels = width
heatmap_head = dict(deconv_out_channels=None)
model = dict(
    backbone=dict(
        type="HRFormer",
        in_channels=3,
        norm_cfg=dict(type="SyncBN", requires_grad=True),
        extra=dict(
            drop_path_rate=drop_path_rate,
            with_rpe=True,
            stage1=dict(
                num_modules=1,
                num_branches=1,
                block="BOTTLENECK",
                num_blocks=(2,),
                num_channels=(64,),
                num_heads=[2],
                **{ratios: [4]},
            ),
            **{
                f"stage{n}": dict(
                    num_modules=modules,
                    num_branches=n,
                    block="HRFORMERBLOCK",
                    num_blocks=[2] * n,
                    num_channels=[width * 2**branch for branch in range(n)],
                    num_heads=[heads * 2**branch for branch in range(n)],
                    mlp_ratios=[4] * n,
                    window_sizes=[7] * n,
                )
                for n, modules in ((2, 1), (3, 4), (4, 2))
            },
        ),
        init_cfg=dict(
            type="Pretrained", checkpoint=f"https://download.openmmlab.com/mmpose/pretrain_models/{file}.pth"
        ),
    ),
)
optim_wrapper = dict(
    optimizer=dict(type="AdamW", betas=(0.9, 0.999), weight_decay=0.01),
    paramwise_cfg=dict(custom_keys=dict(relative_position_bias_table=dict(decay_mult=0.0))),
)
