# ED-Pose on a ResNet-50 whose batch norms stay as they were pretrained.
attention = dict(embed_dims=256, num_heads=8)
model = dict(
    type="BottomupPoseEstimator",
    data_preprocessor=dict(
        type="PoseDataPreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], bgr_to_rgb=True
    ),
    backbone=dict(
        type="ResNet",
        depth=50,
        out_indices=(1, 2, 3),
        frozen_stages=1,
        norm_cfg=dict(type="FrozenBatchNorm2d", requires_grad=False),
        norm_eval=True,
    ),
    neck=dict(
        type="ChannelMapper",
        in_channels=[512, 1024, 2048],
        kernel_size=1,
        out_channels=256,
        act_cfg=None,
        norm_cfg=dict(type="GN", num_groups=32),
        num_outs=4,
    ),
    head=dict(
        type="EDPoseHead",
        num_queries=900,
        num_feature_levels=4,
        num_keypoints=17,
        as_two_stage=True,
        encoder=dict(
            num_layers=6,
            layer_cfg=dict(
                self_attn_cfg=dict(**attention, num_levels=4, num_points=4),
                ffn_cfg=dict(embed_dims=256, feedforward_channels=2048),
            ),
        ),
        decoder=dict(
            num_layers=6,
            num_box_decoder_layers=2,
            num_group=100,
            layer_cfg=dict(
                self_attn_cfg=dict(**attention),
                cross_attn_cfg=dict(**attention, num_levels=4, num_points=4),
                ffn_cfg=dict(embed_dims=256, feedforward_channels=2048),
            ),
        ),
        out_head=dict(num_classes=2),
        positional_encoding=dict(num_pos_feats=128, temperatureH=20, temperatureW=20, normalize=True),
        denosing_cfg=dict(dn_box_noise_scale=0.4, dn_label_noise_ratio=0.5, dn_labelbook_size=100),
    ),
    test_cfg=dict(flip_test=False),
)
