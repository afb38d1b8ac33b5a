# A learning rate that shrinks a little with every epoch of the first half.
lr: float = 1e-3
gamma: float = 0.975
max_epochs: int = 160
decay_end: int = max_epochs // 2
base_batch_size: int = 1024
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=10)
optim_wrapper: dict | None = dict(optimizer=dict(type="Adam", lr=lr))
param_scheduler: list | None = [dict(type="ExponentialLR", gamma=gamma, end=decay_end, by_epoch=True)]
auto_scale_lr = dict(base_batch_size=base_batch_size)
