"""What docs/en/reference/config_keys.md says of each key of a config; the keys themselves come from the code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from posekit.engine.config_check import IGNORED, RUN_KEYS
from posekit.engine.optimizers.param_groups import ParamRules
from posekit.engine.part_checks import LOOPS
from posekit.engine.run_plan import SECTION_KEYS
from posekit.engine.run_settings import COVERED_HOOKS, DEFAULT_HOOKS, LOADER_KEYS

NOT_USED = "Accepted for configs of other tools; without effect."
TEXTS = {
    "model": "The pose estimator, built as it stands; see [components](components.md).",
    "train_dataloader": "Training data. Without it `posekit train` refuses the config.",
    "val_dataloader": "Validation data. Without it training runs without validation.",
    "test_dataloader": "Test data. Without it `posekit test` refuses the config.",
    "train_cfg": "Length of the training and of the time between validations.",
    "val_cfg": "Validation loop; only its type is checked.",
    "test_cfg": "Test loop; only its type is checked.",
    "val_evaluator": "One metric of the validation, or a list of them.",
    "test_evaluator": "One metric of `posekit test`, or a list of them.",
    "optim_wrapper": "Optimizer and what is done with gradients.",
    "param_scheduler": "One schedule of the learning rate, or a list of them; without it the rate is constant.",
    "default_hooks": f"Hooks by name. `type` may be left out for {', '.join(f'`{name}`' for name in DEFAULT_HOOKS)}; "
    "`None` turns a hook off.",
    "custom_hooks": "One more hook, or a list of them.",
    "auto_scale_lr": "Scaling of the learning rate with the number of samples in a step.",
    "env_cfg": "Workers, threads and how the model runs.",
    "load_from": "Checkpoint, a path or URL, whose weights training starts from.",
    "resume": "Whether training goes on from the run's last checkpoint; a path names another one. Default False.",
    "randomness": "Seed, and whether results repeat exactly.",
    "visualizer": "Visualizer that draws predictions. Default `PoseLocalVisualizer`.",
    "vis_backends": "Loggers beside the run's own files, where `visualizer` names none.",
    "log_level": NOT_USED,
    "work_dir": "Folder of the run. Default `work_dirs/` and the config's name.",
    "find_unused_parameters": "Whether training on several devices may leave parameters without a gradient. "
    "Default False.",
    "model_wrapper_cfg": NOT_USED,
    "train_cfg.type": f"{' or '.join(f'`{name}`' for name in LOOPS['train_cfg'])}; the second counts iterations.",
    "train_cfg.by_epoch": "Whether lengths count epochs; False counts iterations. Default True.",
    "train_cfg.max_epochs": "Number of epochs. Required when counting epochs.",
    "train_cfg.max_iters": "Number of iterations. Required when counting iterations.",
    "train_cfg.val_begin": "First epoch with a validation. Default 1.",
    "train_cfg.val_interval": "Number of epochs, or iterations, between validations. Default 1.",
    "train_cfg.dynamic_intervals": "List of (epoch, interval): other intervals from these epochs on.",
    "val_cfg.type": "`ValLoop`.",
    "val_cfg.fp16": "Refused when true; evaluation has the precision of training, or that of `--precision`.",
    "test_cfg.type": "`TestLoop`.",
    "test_cfg.fp16": "As `val_cfg.fp16`.",
    "optim_wrapper.type": "`OptimWrapper` (default), or `AmpOptimWrapper` for mixed precision.",
    "optim_wrapper.optimizer": "The optimizer. Required.",
    "optim_wrapper.paramwise_cfg": "Learning rates and weight decays by parameter.",
    "optim_wrapper.clip_grad": "Limit of the gradients. Default none.",
    "optim_wrapper.accumulative_counts": "Number of batches whose gradients make one step. Default 1.",
    "optim_wrapper.constructor": "Rule of the parameter groups; one that falls by layer needs `num_layers` and "
    "`layer_decay_rate` in `paramwise_cfg`.",
    "optim_wrapper.dtype": "Type of mixed precision: `bfloat16`, else 16-bit floats.",
    "optim_wrapper.loss_scale": "Accepted for configs of other tools; Lightning scales losses itself.",
    "optim_wrapper.clip_grad.type": "`norm` (default) or `value`; the other keys go to torch's function.",
    "optim_wrapper.clip_grad.max_norm": "Largest norm of all gradients together.",
    "optim_wrapper.clip_grad.norm_type": "Kind of the norm. Torch's default is 2.",
    "optim_wrapper.clip_grad.clip_value": "Largest absolute value of a gradient, for `value`.",
    "optim_wrapper.clip_grad.error_if_nonfinite": "Whether a norm that is not finite is an error. Torch's default is "
    "False.",
    "optim_wrapper.clip_grad.foreach": "Whether torch clips many tensors at once. By default torch chooses.",
    "optim_wrapper.paramwise_cfg.custom_keys": "Part of a parameter's name to `lr_mult`, `decay_mult` and settings of "
    "its group; the longest part holds.",
    "optim_wrapper.paramwise_cfg.bias_lr_mult": "Factor of the learning rate of biases outside of "
    "normalisation layers.",
    "optim_wrapper.paramwise_cfg.bias_decay_mult": "Factor of the weight decay of biases outside of normalisation "
    "layers.",
    "optim_wrapper.paramwise_cfg.norm_decay_mult": "Factor of the weight decay of normalisation layers.",
    "optim_wrapper.paramwise_cfg.dwconv_decay_mult": "Factor of the weight decay of depth-wise convolutions.",
    "optim_wrapper.paramwise_cfg.flat_decay_mult": "Factor of the weight decay of one-dimensional parameters.",
    "optim_wrapper.paramwise_cfg.bypass_duplicate": "Accepted for configs of other tools; parameters are always taken "
    "once.",
    "optim_wrapper.paramwise_cfg.dcn_offset_lr_mult": NOT_USED,
    "optim_wrapper.paramwise_cfg.force_default_settings": "Whether the other factors apply on top of `custom_keys`. "
    "Default False.",
    "auto_scale_lr.enable": "Whether to scale. Default False.",
    "auto_scale_lr.base_batch_size": "Number of samples in a step that the learning rate was chosen for. Required when "
    "scaling.",
    "env_cfg.cudnn_benchmark": "Whether cuDNN measures its algorithms first. Default False.",
    "env_cfg.mp_cfg": "Worker processes.",
    "env_cfg.dist_cfg": NOT_USED,
    "env_cfg.resource_limit": NOT_USED,
    "env_cfg.channels_last": "Whether weights lie channels last. By default they do on a CPU.",
    "env_cfg.compile": "Whether `torch.compile` runs on the model; a dict holds its arguments. Default False.",
    "env_cfg.num_threads": "Number of torch's threads. By default torch chooses.",
    "env_cfg.mp_cfg.mp_start_method": "Way to start workers: `fork`, `spawn` or `forkserver`. By default the system's.",
    "env_cfg.mp_cfg.opencv_num_threads": "Number of OpenCV's threads in each worker. Default 0.",
    "randomness.seed": "Seed of weights, order and augmentation. Default 0.",
    "randomness.diff_rank_seed": NOT_USED,
    "randomness.deterministic": "Whether only algorithms that repeat exactly may run. Default False.",
    "*_dataloader.batch_size": "Number of samples in a batch, on each device. Default 1.",
    "*_dataloader.num_workers": "Number of worker processes; 0 loads in the main one. Default 0.",
    "*_dataloader.persistent_workers": "Whether workers live on between epochs; without workers off.",
    "*_dataloader.drop_last": "Whether a last batch that is not full is left out. Default False.",
    "*_dataloader.sampler": "Order of the samples. Default `DefaultSampler`, shuffled in training.",
    "*_dataloader.batch_sampler": "Refused; use `sampler`, `batch_size` and `drop_last`.",
    "*_dataloader.collate_fn": NOT_USED,
    "*_dataloader.dataset": "The dataset with its pipeline. Required.",
    "*_dataloader.pin_memory": "As torch's `DataLoader` has it.",
    "*_dataloader.prefetch_factor": "As torch's `DataLoader` has it; without workers left out.",
    "*_dataloader.timeout": "As torch's `DataLoader` has it, in seconds.",
}


def sections() -> dict[str, list[str]]:
    """Return the keys of each section that the code reads, by the section's path; "" for the top level."""
    inner = {path: text.split() for path, text in SECTION_KEYS.items()}
    inner["optim_wrapper.paramwise_cfg"] = [rule.name for rule in fields(ParamRules)]
    return {"": RUN_KEYS.split(), **inner, "*_dataloader": LOADER_KEYS.split()}


def key_rows(section: str, keys: list[str]) -> Iterator[str]:
    """Yield the rows of the table of a section.

    Raises:
        KeyError: if the code reads a key that ``TEXTS`` does not describe.
    """
    yield from ("| key | what becomes of it |", "|---|---|")
    for key in keys:
        yield f"| `{key}` | {TEXTS[f'{section}.{key}'.lstrip('.')]} |"


def config_keys_page() -> str:
    """Return the page.

    Raises:
        ValueError: if ``TEXTS`` describes a key that the code does not read.
    """
    tables = sections()
    known = {f"{section}.{key}".lstrip(".") for section, keys in tables.items() for key in keys}
    if unread := TEXTS.keys() - known:
        raise ValueError(f"tools/config_keys.py describes keys that nothing reads: {', '.join(sorted(unread))}")
    parts = [
        "# Keys of a config\n\nWhat a run makes of the top-level keys of a config and of those within them. Any other "
        "top-level key is a variable of the config, unless it looks like one of these misspelt. `posekit config check` "
        "names what cannot be used; `posekit train` prints what each key became.\n"
    ]
    for section, keys in tables.items():
        title = f"## `{section}`\n" if section else "## Top level\n"
        parts += [title, "\n".join(key_rows(section, keys)) + "\n"]
    ignored = [f"| `{key}` | {reason[0].upper()}{reason[1:]}. |" for key, reason in IGNORED.items()]
    covered = [f"| `{name}` | {reason[0].upper()}{reason[1:]}. |" for name, reason in COVERED_HOOKS.items()]
    parts += ["## Keys without effect\n", "\n".join(["| key | why |", "|---|---|", *ignored]) + "\n"]
    parts += ["## Hooks without effect\n", "\n".join(["| hook | why |", "|---|---|", *covered]) + "\n"]
    return "\n".join(parts)
