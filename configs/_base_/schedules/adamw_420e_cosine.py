# 420 epochs of AdamW: half at the full learning rate, half on a cosine down to a twentieth of it.
train_cfg = dict(by_epoch=True, max_epochs=420, val_interval=10)
optim_wrapper = dict(
    optimizer=dict(type="AdamW", lr=4e-3, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0, bypass_duplicate=True),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=1e-5, by_epoch=False, begin=0, end=1000),
    dict(
        type="CosineAnnealingLR",
        eta_min=2e-4,
        begin=210,
        end=420,
        T_max=210,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(base_batch_size=1024)
