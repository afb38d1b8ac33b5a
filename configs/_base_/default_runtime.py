# What every training run shares: hooks, logging and where to continue from.
save_best: str | None = None
save_rule: str = "greater"
save_interval: int = 10
max_keep_ckpts: int = -1
default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50),
    param_scheduler=dict(type="ParamSchedulerHook"),
    checkpoint=dict(
        type="CheckpointHook",
        interval=save_interval,
        max_keep_ckpts=max_keep_ckpts,
        **(dict(save_best=save_best, rule=save_rule) if save_best else {}),
    ),
)
log_level = "INFO"
load_from = None
resume = False
val_cfg = {}
test_cfg = {}
