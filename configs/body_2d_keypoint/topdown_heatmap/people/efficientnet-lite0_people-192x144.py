# The embedded default's pose model, second half: goes on from the weights of the 128x96 run with crops that show more.
_base_ = "efficientnet-lite0_people-128x96.py"
load_from = "work_dirs/efficientnet-lite0_people-128x96/last.pth"
max_epochs = 6
train_cfg = dict(max_epochs=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=6e-4))
param_scheduler = {1: dict(eta_min=1e-5, end=max_epochs, T_max=max_epochs)}
codec = dict(type="UDPHeatmap", input_size=(144, 192), heatmap_size=(36, 48), sigma=1.5, blur_kernel_size=7)
model = dict(head=dict(decoder=codec))
crop = dict(type="TopdownAffine", input_size=codec["input_size"], use_udp=True)
target = [dict(type="GenerateTarget", encoder=codec), dict(type="PackPoseInputs")]
train_dataloader = dict(
    dataset=dict(pipeline=[*_base_.load, *_base_.augment, crop, dict(type="YOLOXHSVRandomAug"), *target])
)
val_dataloader = dict(
    dataset=dict(pipeline=[dict(type="LoadImage"), dict(type="GetBBoxCenterScale"), crop, dict(type="PackPoseInputs")])
)
test_dataloader = val_dataloader
