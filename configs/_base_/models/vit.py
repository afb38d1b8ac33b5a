# The plain vision transformers of ViTPose, pretrained as masked autoencoders.
size: str = "base"
input_size: tuple
pretrained: str = f"mae_pretrain_vit_{size}_20230913"
output: dict = dict(out_type="featmap")
small = dict(embed_dims=384, num_layers=12, num_heads=12, feedforward_channels=1536)
arch, channels, drop_path_rate = dict(
    small=(small, 384, 0.1), base=("base", 768, 0.3), large=("large", 1024, 0.5), huge=("huge", 1280, 0.55)
)[size]
heatmap_head = dict(deconv_out_channels=(256, 256), deconv_kernel_sizes=(4, 4))
model = dict(
    backbone=dict(
        type="VisionTransformer",
        arch=arch,
        img_size=(input_size[1], input_size[0]),
        patch_size=16,
        qkv_bias=True,
        drop_path_rate=drop_path_rate,
        with_cls_token=False,
        patch_cfg=dict(padding=2),
        init_cfg=dict(
            type="Pretrained",
            checkpoint=f"https://download.openmmlab.com/mmpose/v1/pretrained_models/{pretrained}.pth",
        ),
        **output,
    ),
)
num_layers, layer_decay_rate = dict(small=(12, 0.8), base=(12, 0.75), large=(24, 0.8), huge=(32, 0.85))[size]
optim_wrapper = dict(
    optimizer=dict(type="AdamW", betas=(0.9, 0.999), weight_decay=0.1),
    constructor="LayerDecayOptimWrapperConstructor",
    paramwise_cfg=dict(
        num_layers=num_layers,
        layer_decay_rate=layer_decay_rate,
        custom_keys=dict(
            # "decay_multi", which nothing reads, stands in the published recipe; biases are exempt by their shape.
            bias=dict(decay_multi=0.0),
            pos_embed=dict(decay_mult=0.0),
            relative_position_bias_table=dict(decay_mult=0.0),
            norm=dict(decay_mult=0.0),
        ),
    ),
    clip_grad=dict(max_norm=1.0, norm_type=2),
)
max_keep_ckpts = 1
