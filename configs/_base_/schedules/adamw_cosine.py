# AdamW with a short warm-up, then a cosine over the whole run; a config sets max_epochs.
train_cfg = dict(by_epoch=True, max_epochs=12, val_interval=2)
optim_wrapper = dict(
    optimizer=dict(type="AdamW", lr=2e-3, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0, bypass_duplicate=True),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=1e-3, by_epoch=False, begin=0, end=100),
    dict(type="CosineAnnealingLR", eta_min=1e-5, begin=0, by_epoch=True, convert_to_iter_based=True),
]
