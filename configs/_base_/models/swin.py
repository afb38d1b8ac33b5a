# Swin Transformer: tiny, base and large; inputs of 384 pixels take weights that were trained on larger images.
size: str = "t"
input_size: tuple
embed_dims, depth, heads, drop_path_rate = dict(t=(96, 6, 3, 0.2), b=(128, 18, 4, 0.3), l=(192, 18, 6, 0.5))[size]
large_input = input_size[1] >= 384
file = "tiny_patch4_window7_224" if size == "t" else f"base_patch4_window{'12_384' if large_input else '7_224'}_22k"
channels = 8 * embed_dims
model = dict(
    backbone=dict(
        type="SwinTransformer",
        embed_dims=embed_dims,
        depths=[2, 2, depth, 2],
        num_heads=[heads, 2 * heads, 4 * heads, 8 * heads],
        window_size=12 if large_input and size == "b" else 7,
        mlp_ratio=4,
        qkv_bias=True,
        qk_scale=None,
        drop_rate=0.0,
        attn_drop_rate=0.0,
        drop_path_rate=drop_path_rate,
        patch_norm=True,
        out_indices=(3,),
        with_cp=False,
        convert_weights=True,
        init_cfg=dict(
            type="Pretrained",
            checkpoint=f"https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_{file}.pth",
        ),
    ),
)
if size == "l":
    optim_wrapper = dict(
        optimizer=dict(type="AdamW", betas=(0.9, 0.999), weight_decay=0.01),
        paramwise_cfg=dict(
            custom_keys=dict(
                absolute_pos_embed=dict(decay_mult=0.0),
                relative_position_bias_table=dict(decay_mult=0.0),
                norm=dict(decay_mult=0.0),
            )
        ),
    )
