# CSPNeXt, the backbone of RTMPose. pretrained is a file of download.openmmlab.com without its .pth.
size: str = "m"
pretrained: str | None = None
deepen_factor, widen_factor = dict(t=(0.167, 0.375), s=(0.33, 0.5), m=(0.67, 0.75), l=(1.0, 1.0), x=(1.33, 1.25))[size]
channels = int(1024 * widen_factor)
address = f"https://download.openmmlab.com/{pretrained}.pth"
weights = dict(type="Pretrained", prefix="backbone.", checkpoint=address) if pretrained else None
model = dict(
    backbone=dict(
        type="CSPNeXt",
        arch="P5",
        expand_ratio=0.5,
        deepen_factor=deepen_factor,
        widen_factor=widen_factor,
        out_indices=(4,),
        channel_attention=True,
        norm_cfg=dict(type="SyncBN"),
        act_cfg=dict(type="SiLU"),
        init_cfg=weights,
    ),
)
