# A ResNet-18 with narrow deconvolutions, small enough to train from scratch on a CPU.
_base_ = "../../rtmpose/lspet/rtmpose-t_lspet-256x192.py"
max_epochs = 75
train_cfg = dict(max_epochs=max_epochs, val_interval=5)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = {1: dict(end=max_epochs, T_max=max_epochs)}
codec = dict(type="MSRAHeatmap", input_size=(96, 96), heatmap_size=(24, 24), sigma=1.5)
model = dict(
    backbone=dict(_delete_=True, type="ResNet", depth=18),
    head=dict(
        _delete_=True,
        type="HeatmapHead",
        in_channels=512,
        out_channels=14,
        deconv_out_channels=(96, 96, 96),
        loss=dict(type="KeypointMSELoss", use_target_weight=True, loss_weight=100.0),
        decoder=codec,
    ),
    test_cfg=dict(flip_mode="heatmap", shift_heatmap=True),
)
crop = dict(type="TopdownAffine", input_size=codec["input_size"])
target = [dict(type="GenerateTarget", encoder=codec), dict(type="PackPoseInputs")]
train_dataloader = dict(
    dataset=dict(pipeline=[*_base_.load, *_base_.augment, crop, dict(type="YOLOXHSVRandomAug"), *target])
)
val_dataloader = dict(dataset=dict(pipeline=[*_base_.load, crop, dict(type="PackPoseInputs")]))
test_dataloader = val_dataloader
