"""Lightning's Trainer, and the hooks of a run in the order in which they must run."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import random
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch.plugins.layer_sync import TorchSyncBatchNorm

from posekit.engine.hooks.accuracy_hook import AccuracyHook
from posekit.engine.hooks.checkpoint_hook import AtomicCheckpointIO, CheckpointHook
from posekit.engine.hooks.drawing_hook import share_visualizer
from posekit.engine.hooks.logger_hook import LoggerHook
from posekit.engine.hooks.param_scheduler_hook import ParamSchedulerHook
from posekit.engine.hooks.random_state_hook import RandomStateHook
from posekit.engine.hooks.validation_hook import ValidationHook
from posekit.engine.launch import Launch
from posekit.engine.run_log import RunLog
from posekit.engine.run_plan import RunPlan
from posekit.inference.devices import lightning_device
from posekit.registry import HOOKS, strip_scope

NOISE = (
    r".*does not have many workers.*",
    r".*GPU available but not used.*",
    r".*`isinstance\(treespec, LeafSpec\)` is deprecated.*",
    r".*Checkpoint directory .* exists and is not empty.*",
    r".*your dataloader is not resumable.*",
    r".*Found .* module\(s\) in eval mode.*",
    r".*smaller than the logging interval.*",
    r".*_KeyedDataset.*",
    r".*trying to infer the `batch_size`.*",
    r".*Starting from v1.9.0, `tensorboardX` has been removed.*",
)
MMAP_MAX, TRIM_THRESHOLD = -4, -1
"""Parameters of glibc's ``mallopt``."""


def build_hooks(plan: RunPlan, folder: Path, log: RunLog) -> list[Any]:
    """Build the hooks in the order in which they must run."""
    configs = {strip_scope(str(hook["type"])): hook for hook in plan.hooks}
    logger = LoggerHook(**arguments(configs.pop("LoggerHook", {})), log=log)
    checkpoint = CheckpointHook(**arguments(configs.pop("CheckpointHook", {})), folder=folder)
    others = [HOOKS.build(hook) for hook in plan.hooks if strip_scope(str(hook["type"])) in configs]
    share_visualizer(others, plan.visualizer)
    accuracy = [] if "AccuracyHook" in configs else [AccuracyHook(interval=logger.interval)]
    validation = [ValidationHook(**plan.validation)] if plan.validation else []
    schedule = ParamSchedulerHook(plan.schedules)
    return [RandomStateHook(), *validation, schedule, *others, *accuracy, logger, checkpoint]


def hooks_of_test(plan: RunPlan) -> list[Any]:
    """Build the hooks that a test has besides the caller's: all but those that write the records of a training."""
    configs = [hook for hook in plan.hooks if strip_scope(str(hook["type"])) not in ("LoggerHook", "CheckpointHook")]
    hooks = [HOOKS.build(hook) for hook in configs]
    share_visualizer(hooks, plan.visualizer)
    return hooks


def arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in ("type", "_scope_")}


def build_trainer(
    settings: Mapping[str, Any], folder: Path, device: str, launch: Launch, *, hooks: list[Any], loggers: list[Any]
) -> Any:
    """Return Lightning's Trainer.

    Raises:
        ValueError: if the device is unknown or absent.
    """
    from lightning.pytorch import Trainer

    accelerator, chosen = lightning_device(device, launch.devices)
    settings = dict(settings)
    if launch.world_size == 1:  # these matter to several devices only
        settings.pop("strategy", None)
        settings.pop("sync_batchnorm", None)
    elif on_cpu(device) and settings.pop("sync_batchnorm", None) and launch.is_main:
        print("batch norms keep the statistics of each process: torch shares them (SyncBN) on GPUs only", flush=True)
    without_kernels = {
        "16-mixed": device == "cpu" or not torch.cuda.is_available(),
        "bf16-mixed": on_cpu(device) and not computes_bfloat16(),
    }
    if without_kernels.get(str(settings.get("precision"))):
        settings["precision"] = "32-true"
    extensions = plugins(settings)
    return Trainer(
        accelerator=accelerator,
        devices=chosen,
        num_nodes=launch.num_nodes,
        default_root_dir=folder,
        callbacks=hooks,
        logger=loggers or False,
        plugins=extensions,
        enable_checkpointing=any(isinstance(hook, CheckpointHook) for hook in hooks),
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        **settings,
    )


def plugins(settings: dict[str, Any]) -> list[Any]:
    """Return Lightning's plugins; remove from ``settings`` what a plugin replaces."""
    shared = settings.pop("sync_batchnorm", False)
    return [AtomicCheckpointIO(), *([SharedBatchNorm()] if shared else [])]


class SharedBatchNorm(TorchSyncBatchNorm):
    """Computes batch statistics across devices.

    timm's batch norms apply the activation as well; torch's conversion would drop it.
    """

    def apply(self, model: torch.nn.Module) -> torch.nn.Module:
        from timm.layers.norm_act import convert_sync_batchnorm

        return convert_sync_batchnorm(model)

    def revert(self, model: torch.nn.Module) -> torch.nn.Module:
        """Leave the model as it is: its layers compute the same on one device, and activations would be lost."""
        return model


def on_cpu(device: str) -> bool:
    """Whether a run on the device that was asked for computes on the CPU."""
    return device == "cpu" or (device == "auto" and not torch.accelerator.is_available())


def tune_cpu() -> None:
    """Set up this process for training on the CPU.

    Numbers too small for the normal format count as 0, since they cost many times as much, and
    freed memory stays with the process: activations of one step are as large as those of the
    next, and fetching their pages from the system anew takes a tenth of the time.
    """
    torch.set_flush_denormal(True)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            libc = ctypes.CDLL("libc.so.6")
            libc.mallopt(MMAP_MAX, 0)
            libc.mallopt(TRIM_THRESHOLD, 2**31 - 1)


def computes_bfloat16() -> bool:
    """Whether this CPU has instructions for bfloat16; without them it is slower than float32, not faster."""
    asked = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(supported() for supported in asked if supported is not None)


def quieten() -> None:
    """Silence what Lightning says and no user can act on."""
    for pattern in NOISE:
        warnings.filterwarnings("ignore", message=pattern)
    for name in ("lightning.pytorch", "lightning.fabric", "lightning", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # for code that uses the global generator
    torch.manual_seed(seed)
