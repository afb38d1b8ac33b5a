# AdamW in half precision and one cosine over all epochs: short runs from scratch, also on a CPU.
lr: float = 2e-3
weight_decay: float = 0.05
max_epochs: int = 12
val_interval: int = 5
half_precision: bool = True
final_lr: float = 1e-5
warm_up_steps: int = 100
warm_up_factor: float = 1e-3
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=val_interval)
optim_wrapper = dict(
    **(dict(type="AmpOptimWrapper", dtype="bfloat16") if half_precision else {}),
    optimizer=dict(type="AdamW", lr=lr, weight_decay=weight_decay),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0, bypass_duplicate=True),
)
param_scheduler = [
    dict(type="LinearLR", start_factor=warm_up_factor, by_epoch=False, begin=0, end=warm_up_steps),
    dict(
        type="CosineAnnealingLR",
        eta_min=final_lr,
        begin=0,
        end=max_epochs,
        T_max=max_epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
