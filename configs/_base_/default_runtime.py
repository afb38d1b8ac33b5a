# What every training run shares: hooks, logging and where to continue from.
default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50),
    param_scheduler=dict(type="ParamSchedulerHook"),
    checkpoint=dict(type="CheckpointHook", interval=10),
)
log_level = "INFO"
load_from = None
resume = False
val_cfg = {}
test_cfg = {}
