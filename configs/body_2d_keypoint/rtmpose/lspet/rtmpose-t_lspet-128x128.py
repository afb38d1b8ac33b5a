# A third of the pixels of rtmpose-t_lspet-256x192, so more epochs in the same time.
_base_ = "rtmpose-t_lspet-256x192.py"
max_epochs = 50
train_cfg = dict(max_epochs=max_epochs, val_interval=5)
param_scheduler = {1: dict(end=max_epochs, T_max=max_epochs)}
codec = dict(type="SimCCLabel", input_size=(128, 128), sigma=(4.0, 4.0), simcc_split_ratio=2.0, normalize=False)
model = dict(head=dict(input_size=codec["input_size"], in_featuremap_size=(4, 4), decoder=codec))
crop = dict(type="TopdownAffine", input_size=codec["input_size"])
target = [dict(type="GenerateTarget", encoder=codec), dict(type="PackPoseInputs")]
train_dataloader = dict(
    dataset=dict(pipeline=[*_base_.load, *_base_.augment, crop, dict(type="YOLOXHSVRandomAug"), *target])
)
val_dataloader = dict(dataset=dict(pipeline=[*_base_.load, crop, dict(type="PackPoseInputs")]))
test_dataloader = val_dataloader
