# Coordinates by residual log-likelihood estimation, on the backbone of RTMPose-t.
_base_ = "../../rtmpose/lspet/rtmpose-t_lspet-256x192.py"
max_epochs = 50
train_cfg = dict(max_epochs=max_epochs, val_interval=5)
param_scheduler = {1: dict(end=max_epochs, T_max=max_epochs)}
codec = dict(type="RegressionLabel", input_size=(128, 128))
model = dict(
    neck=dict(type="GlobalAveragePooling"),
    head=dict(
        _delete_=True,
        type="RLEHead",
        in_channels=384,
        num_joints=14,
        loss=dict(type="RLELoss", use_target_weight=True),
        decoder=codec,
    ),
    test_cfg=dict(shift_coords=True),
)
crop = dict(type="TopdownAffine", input_size=codec["input_size"])
target = [dict(type="GenerateTarget", encoder=codec), dict(type="PackPoseInputs")]
train_dataloader = dict(dataset=dict(pipeline=[*_base_.load, *_base_.augment, crop, *target]))
val_dataloader = dict(dataset=dict(pipeline=[*_base_.load, crop, dict(type="PackPoseInputs")]))
test_dataloader = val_dataloader
