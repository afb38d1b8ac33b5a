# ED-Pose: a transformer that detects people and then their keypoints as boxes (arXiv 2302.01593).
dataset: str = "coco"
codec = dict(type="EDPoseLabel", num_select=50, num_keypoints=17)
detections = None
data_mode = "bottomup"
val_evaluator = dict(ann_file=None, nms_mode="none", score_mode="keypoint")
batch_size: int = 1
val_batch_size: int = 1
lr: float = 1e-3
max_epochs: int = 50
milestones: list = [33, 45]
decay_end: int = 140
base_batch_size: int = 80
encodes: bool = False  # the targets of training; the published config, which is for testing only, does not
short_sides = [(side, 1333) for side in range(480, 801, 32)]
load = dict(type="LoadImage")
train_pipeline = [
    load,
    dict(type="RandomFlip", direction="horizontal"),
    dict(
        type="RandomChoice",
        transforms=[
            [dict(type="RandomChoiceResize", scales=short_sides, keep_ratio=True)],
            [
                dict(
                    type="BottomupRandomChoiceResize", scales=[(400, 4200), (500, 4200), (600, 4200)], keep_ratio=True
                ),
                dict(
                    type="BottomupRandomCrop",
                    crop_type="absolute_range",
                    crop_size=(384, 600),
                    allow_negative_crop=True,
                ),
                dict(type="BottomupRandomChoiceResize", scales=short_sides, keep_ratio=True),
            ],
        ],
    ),
    *([dict(type="GenerateTarget", encoder=codec)] if encodes else []),
    dict(type="PackPoseInputs"),
]
meta_keys = [
    *("id", "img_id", "img_path", "crowd_index", "ori_shape", "img_shape"),
    *("input_size", "input_center", "input_scale", "flip", "flip_direction"),
    *("flip_indices", "raw_ann_info", "skeleton_links"),
]
val_pipeline = [
    load,
    dict(type="BottomupRandomChoiceResize", scales=[(800, 1333)], keep_ratio=True, backend="pillow"),
    dict(type="PackPoseInputs", meta_keys=meta_keys),
]
_base_ = [
    f"../data/{dataset}.py",
    "../models/resnet.py",
    "../loaders.py",
    "../schedules/step.py",
    "../default_runtime.py",
]
feed_forward = dict(embed_dims=256, feedforward_channels=2048)
model = dict(
    type="BottomupPoseEstimator",
    data_preprocessor=dict(
        type="PoseDataPreprocessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=1,
    ),
    backbone=dict(
        num_stages=4,
        out_indices=(1, 2, 3),
        frozen_stages=1,
        norm_cfg=dict(type="FrozenBatchNorm2d", requires_grad=False),
        norm_eval=True,
        style="pytorch",
        init_cfg=dict(type="PretrainedInit"),
    ),
    neck=dict(
        type="ChannelMapper",
        in_channels=[512, 1024, 2048],
        kernel_size=1,
        out_channels=256,
        act_cfg=None,
        norm_cfg=dict(type="GroupNorm", num_groups=32),
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
                self_attn_cfg=dict(embed_dims=256, num_heads=8, num_levels=4, num_points=4, batch_first=True),
                ffn_cfg=dict(**feed_forward, num_fcs=2, ffn_drop=0.0),
            ),
        ),
        decoder=dict(
            num_layers=6,
            embed_dims=256,
            num_feature_levels=4,
            query_dim=4,
            num_box_decoder_layers=2,
            num_group=100,
            num_dn=100,
            return_intermediate=True,
            layer_cfg=dict(
                self_attn_cfg=dict(embed_dims=256, num_heads=8, batch_first=True),
                cross_attn_cfg=dict(embed_dims=256, batch_first=True),
                ffn_cfg=dict(**feed_forward, ffn_drop=0.1),
            ),
        ),
        out_head=dict(num_classes=2),
        positional_encoding=dict(num_pos_feats=128, temperatureH=20, temperatureW=20, normalize=True),
        denosing_cfg=dict(
            dn_box_noise_scale=0.4,
            dn_label_noise_ratio=0.5,
            dn_labelbook_size=100,
            dn_attn_mask_type_list=["match2dn", "dn2dn", "group2group"],
        ),
        data_decoder=codec,
    ),
    test_cfg=dict(Pmultiscale_test=False, flip_test=False, num_select=50),
)
train_dataloader = dict(sampler=dict(shuffle=False))
default_hooks = dict(checkpoint=dict(_delete_=True, save_best="coco/AP", rule="greater"))
find_unused_parameters = True
