# RTMPose: CSPNeXt and a gated attention unit over SimCC (arXiv 2303.07399).
size: str = "m"
input_size: tuple = (192, 256)
max_epochs: int = 420
pretrained: str | None = dict(
    t="mmpose/v1/projects/rtmposev1/cspnext-tiny_udp-aic-coco_210e-256x192-cbed682d_20230130",
    s="mmpose/v1/projects/rtmposev1/cspnext-s_udp-aic-coco_210e-256x192-92f5a029_20230130",
    m="mmpose/v1/projects/rtmposev1/cspnext-m_udp-aic-coco_210e-256x192-f2f7d6f6_20230130",
    l="mmpose/v1/projects/rtmposev1/cspnext-l_udp-aic-coco_210e-256x192-273b7631_20230130",
    x="mmpose/v1/projects/rtmposev1/cspnext-x_udp-body7_210e-384x288-d28b58e6_20230529",
)[size]
weight_decay: float = 0.0 if size in ("t", "s") else 0.05
codec: dict = dict(
    type="SimCCLabel",
    input_size=input_size,
    sigma=(round((input_size[0] / 8) ** 0.5, 2), round((input_size[1] / 8) ** 0.5, 2)),
    simcc_split_ratio=2.0,
    normalize=False,
    use_dark=False,
)
_base_ = "topdown_two_stages.py"
model = dict(
    head=dict(
        type="RTMCCHead",
        in_channels=_base_.channels,
        out_channels=_base_.num_keypoints,
        input_size=input_size,
        in_featuremap_size=(input_size[0] // 32, input_size[1] // 32),
        simcc_split_ratio=codec["simcc_split_ratio"],
        final_layer_kernel_size=7,
        gau_cfg=dict(
            hidden_dims=256,
            s=128,
            expansion_factor=2,
            dropout_rate=0.0,
            drop_path=0.0,
            act_fn="SiLU",
            use_rel_bias=False,
            pos_enc=False,
        ),
        loss=dict(type="KLDiscretLoss", use_target_weight=True, beta=10.0, label_softmax=True),
        decoder=codec,
    ),
)
