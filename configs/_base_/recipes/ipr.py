# Integral regression: the mean position under a heatmap, trained on both (arXiv 1711.08229, 1801.07372).
input_size: tuple = (256, 256)
heatmap_loss: str = "KeypointMSELoss"
codec: dict = dict(
    type="IntegralRegressionLabel",
    input_size=input_size,
    heatmap_size=(input_size[0] // 4, input_size[1] // 4),
    sigma=2.0,
    normalize=True,
)
pretrained = None
_base_ = "topdown.py"
model = dict(
    head=dict(
        type="DSNTHead",
        in_channels=_base_.channels,
        in_featuremap_size=(input_size[0] // 32, input_size[1] // 32),
        num_joints=_base_.num_keypoints,
        loss=dict(
            type="MultipleLossWrapper",
            losses=[
                dict(type="SmoothL1Loss", use_target_weight=True),
                dict(type=heatmap_loss, use_target_weight=True),
            ],
        ),
        decoder=codec,
    ),
    test_cfg=dict(shift_coords=True, shift_heatmap=True),
    init_cfg=dict(
        type="Pretrained",
        checkpoint="https://download.openmmlab.com/mmpose/pretrain_models/td-hm_res50_8xb64-210e_coco-256x192.pth",
    ),
)
