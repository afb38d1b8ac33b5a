# CSPDarknet, the backbone of YOLOX, with the weights of its detectors.
size: str = "l"
deepen_factor, widen_factor = dict(t=(0.33, 0.375), s=(0.33, 0.5), m=(0.67, 0.75), l=(1.0, 1.0))[size]
yolox = "mmdetection/v2.0/yolox/yolox_"
file = dict(
    t=f"{yolox}tiny_8x8_300e_coco/yolox_tiny_8x8_300e_coco_20211124_171234-b4047906",
    s=f"{yolox}s_8x8_300e_coco/yolox_s_8x8_300e_coco_20211121_095711-4592a793",
    m="mmpose/v1/pretrained_models/yolox_m_8x8_300e_coco_20230829",
    l=f"{yolox}l_8x8_300e_coco/yolox_l_8x8_300e_coco_20211126_140236-d3bd2b23",
)[size]
channels = [int(256 * widen_factor), int(512 * widen_factor), int(1024 * widen_factor)]
norm = dict(type="BN", momentum=0.03, eps=0.001)
model = dict(
    type="BottomupPoseEstimator",
    init_cfg=dict(
        type="Kaiming", layer="Conv2d", a=5**0.5, distribution="uniform", mode="fan_in", nonlinearity="leaky_relu"
    ),
    data_preprocessor=dict(
        type="PoseDataPreprocessor",
        pad_size_divisor=32,
        mean=[0, 0, 0],
        std=[1, 1, 1],
        batch_augments=[
            dict(
                type="BatchSyncRandomResize",
                random_size_range=(320, 640) if size == "t" else (480, 800),
                size_divisor=32,
                interval=1,
            )
        ],
    ),
    backbone=dict(
        type="CSPDarknet",
        deepen_factor=deepen_factor,
        widen_factor=widen_factor,
        out_indices=(2, 3, 4),
        spp_kernal_sizes=(5, 9, 13),
        norm_cfg=norm,
        act_cfg=dict(type="Swish"),
        init_cfg=dict(type="Pretrained", checkpoint=f"https://download.openmmlab.com/{file}.pth", prefix="backbone."),
    ),
)
