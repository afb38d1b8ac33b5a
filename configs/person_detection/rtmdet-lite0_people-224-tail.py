# The last steps of a 224 run: from its weights, with a learning rate that falls to nothing. May follow any state.
_base_ = "rtmdet-lite0_people-224.py"
load_from = "work_dirs/rtmdet-lite0_people-224/last.pth"
max_iters = 220
train_cfg = dict(_delete_=True, by_epoch=False, max_iters=max_iters, val_interval=max_iters)
param_scheduler = [
    dict(type="LinearLR", start_factor=1e-1, by_epoch=False, begin=0, end=20),
    dict(type="CosineAnnealingLR", eta_min=5e-6, begin=0, end=max_iters, T_max=max_iters, by_epoch=False),
]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=110))
custom_hooks = [dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=1e-2, gamma=40, update_buffers=True)]
