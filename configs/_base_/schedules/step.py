# A short warm-up, then a constant learning rate that is divided by ten at each milestone.
lr: float = 5e-4
max_epochs: int = 210
milestones: list = [170, 200]
decay_end: int = max_epochs
warm_up: bool = True
val_interval: int = 10
batch_size: int = 64
base_batch_size: int = 8 * batch_size
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=val_interval)
optim_wrapper: dict = dict(optimizer=dict(type="Adam", lr=lr))
param_scheduler = [
    *([dict(type="LinearLR", begin=0, end=500, start_factor=0.001, by_epoch=False)] if warm_up else []),
    dict(type="MultiStepLR", begin=0, end=decay_end, milestones=milestones, gamma=0.1, by_epoch=True),
]
auto_scale_lr = dict(base_batch_size=base_batch_size)
