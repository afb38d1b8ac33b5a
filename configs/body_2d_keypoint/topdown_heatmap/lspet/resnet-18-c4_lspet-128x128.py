# Goes on from the 96x96 run with pictures that show more, in smaller batches: four times as many steps per epoch.
_base_ = "resnet-18-c4_lspet-96x96.py"
load_from = "work_dirs/resnet-18-c4_lspet-96x96/last.pth"
max_epochs = 36
train_cfg = dict(max_epochs=max_epochs, val_interval=3)
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = {1: dict(end=max_epochs, T_max=max_epochs)}
codec = dict(type="MSRAHeatmap", input_size=(128, 128), heatmap_size=(32, 32), sigma=1.5)
model = dict(head=dict(decoder=codec))
crop = dict(type="TopdownAffine", input_size=codec["input_size"])
target = [dict(type="GenerateTarget", encoder=codec), dict(type="PackPoseInputs")]
train_dataloader = dict(
    batch_size=16,
    dataset=dict(pipeline=[*_base_.load, *_base_.augment, crop, dict(type="YOLOXHSVRandomAug"), *target]),
)
val_dataloader = dict(dataset=dict(pipeline=[*_base_.load, crop, dict(type="PackPoseInputs")]))
test_dataloader = val_dataloader
