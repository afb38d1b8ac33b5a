# HRNet keeps a branch at a quarter of the input's size; width is the number of that branch's channels.
width: int = 32
multiscale: bool = False  # hand on all four branches, for necks that join them
weights_folder = "https://download.openmmlab.com/mmpose/pretrain_models"
files = {
    18: "open-mmlab://msra/hrnetv2_w18",
    32: f"{weights_folder}/hrnet_w32-36af842e.pth",
    48: f"{weights_folder}/hrnet_w48-8ef0771d.pth",
}
pretrained: str | None = files[width]
pretrained_prefix: str | None = None
channels = 15 * width if multiscale else width
heatmap_head = dict(deconv_out_channels=None)
branches = [width, 2 * width, 4 * width, 8 * width]
weights = dict(type="Pretrained", checkpoint=pretrained, prefix=pretrained_prefix) if pretrained else None
model = dict(
    backbone=dict(
        type="HRNet",
        in_channels=3,
        extra=dict(
            stage1=dict(num_modules=1, num_branches=1, block="BOTTLENECK", num_blocks=(4,), num_channels=(64,)),
            **{
                f"stage{n}": dict(
                    num_modules=modules, num_branches=n, block="BASIC", num_blocks=[4] * n, num_channels=branches[:n]
                )
                for n, modules in ((2, 1), (3, 4), (4, 3))
            },
        ),
        init_cfg=weights,
    ),
)
if multiscale:
    model["backbone"]["extra"]["stage4"]["multiscale_output"] = True
    model["neck"] = dict(type="FeatureMapProcessor", concat=True)
