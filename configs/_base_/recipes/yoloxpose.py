# YOLOX-Pose: a detector that regresses the keypoints of each box (arXiv 2204.06806).
dataset: str = "coco"
keypoint_set: str = "configs/_base_/datasets/coco.py"
size: str = "l"
input_size: tuple = (640, 640)
data_root: str = "{{$POSEKIT_DATA:data}}/"
coco_folder = "coco/"
detections = None
data_mode = "bottomup"
train_set = dict(filter_cfg=dict(filter_empty_gt=False, min_size=32))
val_evaluator = dict(score_mode="bbox", nms_mode="none")
batch_size: int = 32
val_batch_size: int = 1
max_epochs: int = 300
last_epochs: int = 20
base_batch_size: int = 256
max_grad_norm = 0.1
save_best = None
max_keep_ckpts = 3
_base_ = [
    f"../data/{dataset}.py",
    "../models/csp_darknet.py",
    "../pipelines/mosaic.py",
    "../loaders.py",
    "../schedules/cosine.py",
    "../default_runtime.py",
]
mixed_epochs = max_epochs - last_epochs
train_cfg = dict(
    _delete_=True,
    type="EpochBasedTrainLoop",
    max_epochs=max_epochs,
    val_interval=10,
    dynamic_intervals=[(mixed_epochs, 1)],
)
param_scheduler = [
    dict(type="QuadraticWarmupLR", by_epoch=True, begin=0, end=5, convert_to_iter_based=True),
    dict(
        type="CosineAnnealingLR",
        eta_min=2e-4,
        begin=5,
        T_max=mixed_epochs,
        end=mixed_epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
    dict(type="ConstantLR", by_epoch=True, factor=1, begin=mixed_epochs, end=max_epochs),
]
custom_hooks = [
    dict(
        type="YOLOXPoseModeSwitchHook",
        num_last_epochs=last_epochs,
        new_train_pipeline=_base_.late_train_pipeline,
        priority=48,
    ),
    *_base_.average,
]
binary = dict(type="BCELoss", use_target_weight=True, reduction="sum", loss_weight=1.0)
widen_factor = _base_.widen_factor
norm = dict(type="BN", momentum=0.03, eps=0.001)
model = dict(
    neck=dict(
        type="YOLOXPAFPN",
        in_channels=_base_.channels,
        out_channels=_base_.channels[0],
        num_csp_blocks=dict(t=1, s=1, m=2, l=3)[size],
        use_depthwise=False,
        upsample_cfg=dict(scale_factor=2, mode="nearest"),
        norm_cfg=norm,
        act_cfg=dict(type="Swish"),
    ),
    head=dict(
        type="YOLOXPoseHead",
        num_keypoints=_base_.num_keypoints,
        featmap_strides=(8, 16, 32),
        head_module_cfg=dict(
            num_classes=1,
            in_channels=256,
            feat_channels=256,
            widen_factor=widen_factor,
            stacked_convs=2,
            norm_cfg=norm,
            act_cfg=dict(type="Swish"),
        ),
        prior_generator=dict(type="MlvlPointGenerator", offset=0, strides=[8, 16, 32]),
        assigner=dict(type="SimOTAAssigner", dynamic_k_indicator="oks"),
        overlaps_power=0.5,
        loss_cls=dict(type="BCELoss", reduction="sum", loss_weight=1.0),
        loss_bbox=dict(type="IoULoss", mode="square", eps=1e-16, reduction="sum", loss_weight=5.0),
        loss_obj=binary,
        loss_oks=dict(
            type="OKSLoss",
            reduction="none",
            metainfo=keypoint_set,
            norm_target_weight=True,
            loss_weight=30.0,
        ),
        loss_vis=dict(binary, reduction="mean"),
        loss_bbox_aux=dict(type="L1Loss", reduction="sum", loss_weight=1.0),
    ),
    test_cfg=dict(score_thr=0.01, nms_thr=0.65),
)
