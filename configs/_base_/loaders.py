# The loaders of a dataset: train_set, val_set and test_set through the pipelines. test_set changes what val_set says.
train_set: dict
val_set: dict
test_set: dict = val_set
data_mode: str | None = "topdown"
val_evaluator: dict | list
test_evaluator: dict | list = val_evaluator
train_pipeline: list
val_pipeline: list
batch_size: int = 64
val_batch_size: int = 32
num_workers: int = 2
mode, val_mode, test_mode = [
    {} if "datasets" in part or data_mode is None else dict(data_mode=data_mode)
    for part in (train_set, val_set, test_set)
]
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    persistent_workers=num_workers > 0,
    sampler=dict(type="DefaultSampler", shuffle=True),
    dataset=dict(**train_set, **mode, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=val_batch_size,
    num_workers=num_workers,
    persistent_workers=num_workers > 0,
    drop_last=False,
    sampler=dict(type="DefaultSampler", shuffle=False, round_up=False),
    dataset=dict(**val_set, **val_mode, pipeline=val_pipeline, test_mode=True),
)
test_dataloader = dict(val_dataloader, dataset=dict(**test_set, **test_mode, pipeline=val_pipeline, test_mode=True))
