# The embedded default's pose model, first half: small crops, which a CPU trains on three times as fast.
_base_ = "../../../_base_/data/people_topdown.py"
max_epochs = 6
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=1)
optim_wrapper = dict(
    optimizer=dict(type="AdamW", lr=8e-4, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={"backbone": dict(lr_mult=0.4)}),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=1e-2, by_epoch=False, begin=0, end=200),
    dict(
        type="CosineAnnealingLR",
        eta_min=3e-4,
        begin=0,
        end=max_epochs,
        T_max=max_epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
custom_hooks = [dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=1e-3, gamma=200, update_buffers=True)]
env_cfg = dict(num_threads=1)

codec = dict(type="UDPHeatmap", input_size=(96, 128), heatmap_size=(24, 32), sigma=1.5, blur_kernel_size=7)
model = dict(
    type="TopdownPoseEstimator",
    data_preprocessor=dict(
        type="PoseDataPreprocessor", mean=[127.0, 127.0, 127.0], std=[128.0, 128.0, 128.0], bgr_to_rgb=True
    ),
    backbone=dict(
        type="TimmBackbone",
        model_name="tf_efficientnet_lite0",
        out_indices=(1, 2, 3, 4),
        frozen_stages=2,
        init_cfg=dict(type="Pretrained", checkpoint="{{$POSEKIT_DATA:data}}/pretrained/efficientnet-lite0.safetensors"),
    ),
    neck=dict(type="UpsamplingNeck", in_channels=(24, 40, 112, 320), out_channels=(128, 96, 64)),
    head=dict(
        type="HeatmapHead",
        in_channels=64,
        out_channels=17,
        deconv_out_channels=None,
        loss=dict(type="KeypointMSELoss", use_target_weight=True, loss_weight=100.0),
        decoder=codec,
    ),
    test_cfg=dict(flip_test=True, flip_mode="heatmap", shift_heatmap=False),
)

load = [dict(type="LoadImage", cache="ram", cache_mb=4096), dict(type="GetBBoxCenterScale")]
augment = [
    dict(type="RandomFlip", direction="horizontal"),
    dict(type="RandomHalfBody", prob=0.2),
    dict(type="RandomBBoxTransform", scale_factor=[0.7, 1.3], rotate_factor=35),
]
crop = dict(type="TopdownAffine", input_size=codec["input_size"], use_udp=True)
target = [dict(type="GenerateTarget", encoder=codec), dict(type="PackPoseInputs")]
train_dataloader = dict(dataset=dict(pipeline=[*load, *augment, crop, dict(type="YOLOXHSVRandomAug"), *target]))
val_dataloader = dict(
    dataset=dict(pipeline=[dict(type="LoadImage"), dict(type="GetBBoxCenterScale"), crop, dict(type="PackPoseInputs")])
)
test_dataloader = val_dataloader
