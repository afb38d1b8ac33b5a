# AdamW: half of the epochs at the full learning rate, the others on a cosine down to a twentieth of it.
lr: float = 4e-3
weight_decay: float = 0.05
max_grad_norm: float | None = None
max_epochs: int = 420
val_interval: int = 10
base_batch_size: int = 1024
decay_start: int = max_epochs // 2
final_lr: float = lr * 0.05
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=val_interval)
optim_wrapper = dict(
    optimizer=dict(type="AdamW", lr=lr, weight_decay=weight_decay),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0, bypass_duplicate=True),
    clip_grad=dict(max_norm=max_grad_norm, norm_type=2) if max_grad_norm else None,
)
param_scheduler = [
    dict(type="LinearLR", start_factor=1e-5, by_epoch=False, begin=0, end=1000),
    dict(
        type="CosineAnnealingLR",
        eta_min=final_lr,
        begin=decay_start,
        end=max_epochs,
        T_max=max_epochs - decay_start,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
auto_scale_lr = dict(base_batch_size=base_batch_size)
