# CSPNeXt pretrained on poses, by heatmaps, for RTMPose to start from.
size: str = "m"
input_size: tuple = (192, 256)
max_epochs: int = 210
weights_folder = "mmdetection/v3.0/rtmdet/cspnext_rsb_pretrain"
pretrained: str | None = dict(
    t=f"{weights_folder}/cspnext-tiny_imagenet_600e-3a2dd350",
    s=f"{weights_folder}/cspnext-s_imagenet_600e-ea671761",
    m=f"{weights_folder}/cspnext-m_8xb256-rsb-a1-600e_in1k-ecb3bbd9",
    l=f"{weights_folder}/cspnext-l_8xb256-rsb-a1-600e_in1k-6a760974",
)[size]
udp = True
codec: dict = dict(
    type="UDPHeatmap", input_size=input_size, heatmap_size=(input_size[0] // 4, input_size[1] // 4), sigma=2
)
_base_ = "topdown_two_stages.py"
model = dict(
    head=dict(
        type="HeatmapHead",
        in_channels=_base_.channels,
        out_channels=_base_.num_keypoints,
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
        decoder=codec,
    ),
    test_cfg=dict(flip_mode="heatmap", shift_heatmap=False),
)
