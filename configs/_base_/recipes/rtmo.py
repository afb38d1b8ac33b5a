# RTMO: one stage, whole images, coordinates as classes of bins that follow the box (arXiv 2312.07526).
dataset: str = "coco"
keypoint_set: str = "configs/_base_/datasets/coco.py"
size: str = "l"
input_size: tuple = (640, 640)
data_root: str = "{{$POSEKIT_DATA:data}}/"
coco_folder = "coco/"
detections = None
data_mode = "bottomup"
val_evaluator = dict(score_mode="bbox", nms_mode="none")
batch_size: int = 16
val_batch_size: int = 1
max_epochs: int = 600
refine_epoch: int = 280  # the targets of the coordinates are from here on the network's own
last_epochs: int = 20
base_batch_size: int = 256
max_grad_norm = 0.1
late_still: bool = size in ("t", "s")
late_mask = True
mle_weight: float = 1.0 if size in ("t", "s") else 0.01
refine_all: bool = size in ("m", "l")
center_by_keypoints: bool = size in ("t", "s")
save_best = None
save_interval: int = 40
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
val_interval: int = 20
train_cfg = dict(val_interval=val_interval, dynamic_intervals=[(mixed_epochs, 1)])
optim_wrapper = dict(
    constructor="ForceDefaultOptimWrapperConstructor",
    paramwise_cfg=dict(force_default_settings=True, custom_keys={"neck.encoder": dict(lr_mult=0.05)}),
)
cosine = dict(type="CosineAnnealingLR", eta_min=2e-4, by_epoch=True, convert_to_iter_based=True)
param_scheduler = [
    dict(type="QuadraticWarmupLR", by_epoch=True, begin=0, end=5, convert_to_iter_based=True),
    dict(**cosine, begin=5, T_max=refine_epoch, end=refine_epoch),
    dict(type="ConstantLR", by_epoch=True, factor=2.5, begin=refine_epoch, end=refine_epoch + 1),
    dict(**cosine, begin=refine_epoch + 1, T_max=mixed_epochs - refine_epoch, end=mixed_epochs),
    dict(type="ConstantLR", by_epoch=True, factor=1, begin=mixed_epochs, end=max_epochs),
]
custom_hooks = [
    dict(
        type="YOLOXPoseModeSwitchHook",
        num_last_epochs=last_epochs,
        new_train_dataset=_base_.get("late_train_set"),
        new_train_pipeline=_base_.late_train_pipeline,
        priority=48,
    ),
    dict(
        type="RTMOModeSwitchHook",
        epoch_attributes={
            refine_epoch: {
                "proxy_target_cc": True,
                "loss_mle.loss_weight": 5.0,
                "loss_oks.loss_weight": 10.0,
                **({"overlaps_power": 1.0, "loss_cls.loss_weight": 2.0} if refine_all else {}),
            }
        },
        priority=48,
    ),
    *_base_.average,
]
widen_factor = _base_.widen_factor
pose_channels = int(512 * widen_factor)
model = dict(
    neck=dict(
        type="HybridEncoder",
        in_channels=_base_.channels,
        deepen_factor=_base_.deepen_factor,
        widen_factor=widen_factor,
        hidden_dim=256,
        output_indices=[1, 2],
        encoder_cfg=dict(
            self_attn_cfg=dict(embed_dims=256, num_heads=8, dropout=0.0),
            ffn_cfg=dict(embed_dims=256, feedforward_channels=1024, ffn_drop=0.0, act_cfg=dict(type="GELU")),
        ),
        projector=dict(
            type="ChannelMapper",
            in_channels=[256, 256],
            kernel_size=1,
            out_channels=pose_channels,
            act_cfg=None,
            norm_cfg=dict(type="BN"),
            num_outs=2,
        ),
    ),
    head=dict(
        type="RTMOHead",
        num_keypoints=_base_.num_keypoints,
        featmap_strides=(16, 32),
        head_module_cfg=dict(
            num_classes=1,
            in_channels=256,
            cls_feat_channels=256,
            channels_per_group=36,
            pose_vec_channels=pose_channels,
            widen_factor=widen_factor,
            stacked_convs=2,
            norm_cfg=dict(type="BN", momentum=0.03, eps=0.001),
            act_cfg=dict(type="Swish"),
        ),
        assigner=dict(
            type="SimOTAAssigner",
            dynamic_k_indicator="oks",
            oks_calculator=dict(type="PoseOKS", metainfo=keypoint_set),
            use_keypoints_for_center=center_by_keypoints,
        ),
        prior_generator=dict(type="MlvlPointGenerator", centralize_points=True, strides=[16, 32]),
        dcc_cfg=dict(
            in_channels=pose_channels,
            feat_channels=128,
            num_bins=(192, 256),
            spe_channels=128,
            gau_cfg=dict(s=128, expansion_factor=2, dropout_rate=0.0, drop_path=0.0, act_fn="SiLU", pos_enc="add"),
        ),
        overlaps_power=0.5,
        loss_cls=dict(type="VariFocalLoss", reduction="sum", use_target_weight=True, loss_weight=1.0),
        loss_bbox=dict(type="IoULoss", mode="square", eps=1e-16, reduction="sum", loss_weight=5.0),
        loss_oks=dict(type="OKSLoss", reduction="none", metainfo=keypoint_set, loss_weight=30.0),
        loss_vis=dict(type="BCELoss", use_target_weight=True, reduction="mean", loss_weight=1.0),
        loss_mle=dict(type="MLECCLoss", use_target_weight=True, loss_weight=mle_weight),
        loss_bbox_aux=dict(type="L1Loss", reduction="sum", loss_weight=1.0),
    ),
    test_cfg=dict(input_size=input_size, score_thr=0.1, nms_thr=0.65),
)
