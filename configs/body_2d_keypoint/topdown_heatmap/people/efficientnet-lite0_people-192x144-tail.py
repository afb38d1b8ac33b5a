# Few steps at the size of prediction, after the tail of a 128x96 run; a longer budget takes the 192x144 config instead.
_base_ = "efficientnet-lite0_people-192x144.py"
load_from = "work_dirs/efficientnet-lite0_people-128x96-tail/last.pth"
max_iters = 450
train_cfg = dict(_delete_=True, by_epoch=False, max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = [
    dict(type="LinearLR", start_factor=1e-1, by_epoch=False, begin=0, end=30),
    dict(type="CosineAnnealingLR", eta_min=2e-6, begin=0, end=max_iters, T_max=max_iters, by_epoch=False),
]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=150))
custom_hooks = [dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=1e-2, gamma=40, update_buffers=True)]
