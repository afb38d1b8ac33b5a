# The last steps of a 128x96 run: from its weights, with a learning rate that falls to nothing. May follow any state.
_base_ = "efficientnet-lite0_people-128x96.py"
load_from = "work_dirs/efficientnet-lite0_people-128x96/last.pth"
max_iters = 1200
train_cfg = dict(_delete_=True, by_epoch=False, max_iters=max_iters, val_interval=400)
optim_wrapper = dict(optimizer=dict(lr=6e-4))
param_scheduler = [
    dict(type="LinearLR", start_factor=1e-1, by_epoch=False, begin=0, end=50),
    dict(type="CosineAnnealingLR", eta_min=2e-6, begin=0, end=max_iters, T_max=max_iters, by_epoch=False),
]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=400))
custom_hooks = [dict(type="EMAHook", ema_type="ExpMomentumEMA", momentum=4e-3, gamma=100, update_buffers=True)]
