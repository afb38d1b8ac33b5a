# UniFormer, small and base (arXiv 2201.09450); the larger the input, the more of the base model's paths are dropped.
size: str = "small"
drop_path_rate: float = dict(small=0.2, base=0.4)[size]
depths = dict(small=[3, 4, 8, 3], base=[5, 8, 20, 7])[size]
channels = 512
model = dict(
    backbone=dict(
        type="UniFormer",
        depths=depths,
        drop_path_rate=drop_path_rate,
        out_indices=(3,),
        init_cfg=dict(
            type="Pretrained",
            checkpoint=f"https://download.openmmlab.com/mmpose/v1/projects/uniformer/uniformer_{size}_in1k.pth",
        ),
    ),
)
