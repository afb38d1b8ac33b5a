"""Training and evaluating the model of a config."""

from __future__ import annotations

import logging
import os
import random
import shutil
import sys
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from posekit.array import plain
from posekit.checkpoints.keypoint_match import keypoint_names
from posekit.checkpoints.load import load_into, open_checkpoint
from posekit.config.config import Config
from posekit.engine.checkpoint_io import AtomicCheckpointIO
from posekit.engine.cpu_tuning import computes_bfloat16, tune_cpu
from posekit.engine.data_module import PoseDataModule
from posekit.engine.hooks.accuracy_hook import AccuracyHook
from posekit.engine.hooks.base import BaseHook
from posekit.engine.hooks.checkpoint_hook import LAST, CheckpointHook
from posekit.engine.hooks.drawing_hook import share_visualizer
from posekit.engine.hooks.logger_hook import LoggerHook
from posekit.engine.hooks.param_scheduler_hook import ParamSchedulerHook
from posekit.engine.hooks.random_state_hook import RandomStateHook
from posekit.engine.hooks.validation_hook import ValidationHook
from posekit.engine.loggers import build_loggers
from posekit.engine.run_log import RunLog
from posekit.engine.task import PoseTask
from posekit.engine.translation import Translation, translate
from posekit.files import require_writable, write_atomically
from posekit.inference.devices import lightning_device
from posekit.registry import HOOKS, METRICS, MODELS, strip_scope

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


def train(
    config: Config,
    *,
    work_dir: Path | str | None = None,
    resume: bool | str | Path = False,
    load_from: str | Path | None = None,
    device: str = "auto",
    devices: int | str = 1,
    precision: str | None = None,
) -> PoseTask:
    """Train the model of a config and return the task with the trained model.

    Args:
        config: the whole config.
        work_dir: folder of the run; by default the config's, or ``work_dirs/<config name>``.
        resume: go on from ``last.pth`` in the run's folder if it is there, or from the checkpoint given.
        load_from: checkpoint whose weights to start from.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        devices: how many of them.
        precision: of Lightning, such as ``16-mixed``; by default what ``optim_wrapper`` asks for.

    Raises:
        BuildError: if the config holds anything that cannot be used.
    """
    quieten()
    plan = translate(config, world_size=devices if isinstance(devices, int) else 1)
    folder = run_folder(config, work_dir)
    checkpoint = checkpoint_to_resume(folder, resume or config.get("resume") or False, config, load_from)
    log = RunLog(folder)
    hooks = build_hooks(plan, folder, log)
    if os.environ.get("LOCAL_RANK", "0") == "0":  # other ranks run this function again
        announce(plan, config, folder, checkpoint, hooks)
    keep_warnings(log)
    if on_cpu(device):
        tune_cpu()
    seed_everything(plan.seed)
    data = PoseDataModule(**plan.data)
    task = build_task(config, plan, data, ("val",) if "val" in plan.data["loaders"] else ())
    weights = load_from or config.get("load_from")
    if weights and checkpoint is None:
        load_weights(task.model, weights, by_name=True)
    arguments = {**plan.trainer, **({"precision": precision} if precision else {})}
    if plan.channels_last or (plan.channels_last is None and on_cpu(device)):
        task.model.to(memory_format=torch.channels_last)
    trainer = build_trainer(arguments, folder, device, devices, hooks, build_loggers(plan.loggers, folder))
    trainer.fit(task, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    return task


def evaluate(
    config: Config,
    checkpoint: str | Path | None,
    *,
    device: str = "auto",
    precision: str | None = None,
    model: Any = None,
    hooks: list[Any] | None = None,
    work_dir: Path | str | None = None,
) -> PoseTask:
    """Evaluate a checkpoint on a config's test data; the task's ``test_metrics`` have the values.

    Args:
        config: the whole config.
        checkpoint: file with the weights; None takes the model as it is.
        device, precision: as in ``train``.
        model: a built model, by default the config's.
        hooks: callbacks to run along with those of the config.
        work_dir: folder for what hooks write; by default that of a training.
    """
    quieten()
    plan = translate(config, training=False)
    seed_everything(plan.seed)
    data = PoseDataModule(**plan.data)
    task = build_task(config, plan, data, ("test",), model)
    if checkpoint is not None:
        load_weights(task.model, checkpoint)
    arguments = {"precision": precision} if precision else {}
    folder = default_folder(config, work_dir)
    trainer = build_trainer(arguments, folder, device, 1, [*hooks_of_test(plan), *(hooks or [])], [])
    trainer.test(task, datamodule=data, verbose=False)
    return task


def build_task(
    config: Config,
    plan: Translation,
    data: PoseDataModule,
    stages: tuple[str, ...],
    model: Any = None,
) -> PoseTask:
    """Build the model, the metrics of the stages, and the task of both."""
    model = model or initialised_model(config)
    if plan.compile:
        model.compile(**(plan.compile if isinstance(plan.compile, Mapping) else {}))
    if plan.num_threads:
        torch.set_num_threads(plan.num_threads)
    metrics: dict[str, list[Any]] = {}
    for stage in stages:
        given = config.get(f"{stage}_evaluator") or []
        if not isinstance(given, (dict, list, tuple)):
            raise ValueError(f"{stage}_evaluator: must be dict(type=...) or a list of them, found {given!r:.40}")
        metrics[stage] = [METRICS.build(metric) for metric in ([given] if isinstance(given, dict) else given)]
        for metric in metrics[stage]:
            metric.dataset_meta = data.dataset(stage).metainfo
    first = next(iter(data.loaders))
    model.dataset_meta = getattr(data.dataset(first), "metainfo", None)
    meta = {"dataset_meta": plain(model.dataset_meta), "cfg": config.dump(), "seed": plan.seed}
    return PoseTask(
        model, optim_wrapper=plan.optim_wrapper, lr_factor=plan.lr_factor, metrics=metrics, meta={**meta, **made_by()}
    )


def initialised_model(config: Config) -> Any:
    """Build a config's model with initial or pretrained weights."""
    model = MODELS.build(config["model"])
    model.init_weights()
    return model


def build_hooks(plan: Translation, folder: Path, log: RunLog) -> list[Any]:
    """Build the hooks in the order in which they must run."""
    given = {strip_scope(str(hook["type"])): hook for hook in plan.hooks}
    logger = LoggerHook(**arguments(given.pop("LoggerHook", {})), log=log)
    checkpoint = CheckpointHook(**arguments(given.pop("CheckpointHook", {})), folder=folder)
    others = [HOOKS.build(hook) for hook in plan.hooks if strip_scope(str(hook["type"])) in given]
    share_visualizer(others, plan.visualizer)
    accuracy = [] if "AccuracyHook" in given else [AccuracyHook(interval=logger.interval)]
    validation = [ValidationHook(**plan.validation)] if plan.validation else []
    schedule = ParamSchedulerHook(plan.schedules)
    return [RandomStateHook(), *validation, schedule, *others, *accuracy, logger, checkpoint]


def hooks_of_test(plan: Translation) -> list[Any]:
    """Build the hooks that a test has besides the caller's: all but those that write the records of a training."""
    configs = [hook for hook in plan.hooks if strip_scope(str(hook["type"])) not in ("LoggerHook", "CheckpointHook")]
    hooks = [HOOKS.build(hook) for hook in configs]
    share_visualizer(hooks, plan.visualizer)
    return hooks


def arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in ("type", "_scope_")}


def build_trainer(
    settings: Mapping[str, Any], folder: Path, device: str, devices: int | str, hooks: list[Any], loggers: list[Any]
) -> Any:
    """Return Lightning's Trainer.

    Raises:
        ValueError: if the device is unknown or absent.
    """
    from lightning.pytorch import Trainer

    accelerator, chosen = lightning_device(device, devices)
    settings = dict(settings)
    if devices == 1:  # these matter to several devices only
        settings.pop("strategy", None)
        settings.pop("sync_batchnorm", None)
    without_kernels = {
        "16-mixed": device == "cpu" or not torch.cuda.is_available(),
        "bf16-mixed": on_cpu(device) and not computes_bfloat16(),
    }
    if without_kernels.get(str(settings.get("precision"))):
        settings["precision"] = "32-true"
    return Trainer(
        accelerator=accelerator,
        devices=chosen,
        default_root_dir=folder,
        callbacks=hooks,
        logger=loggers or False,
        plugins=[AtomicCheckpointIO()],
        enable_checkpointing=any(isinstance(hook, CheckpointHook) for hook in hooks),
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        **settings,
    )


def run_folder(config: Config, work_dir: Path | str | None) -> Path:
    """Return the run's folder, which can be written to; see ``default_folder``."""
    folder = default_folder(config, work_dir)
    require_writable(folder, folder=True)
    return folder


def default_folder(config: Config, work_dir: Path | str | None) -> Path:
    """Return a run's folder: as given, as in the config, or named after the config's file."""
    name = Path(config.filename or "run").stem
    return Path(work_dir or config.get("work_dir") or Path("work_dirs") / name)


def checkpoint_to_resume(
    folder: Path, resume: bool | str | Path, config: Config, load_from: str | Path | None
) -> Path | None:
    """Return the checkpoint to go on from, None to start afresh.

    Raises:
        ValueError: if a checkpoint was named and does not exist.
    """
    if resume is False:
        return None
    named = Path(resume) if resume is not True else None
    if named is not None and not named.is_file():
        raise ValueError(f"resume: there is no checkpoint {named}; --resume without a path takes {folder / LAST}")
    path = named or folder / LAST
    return path if path.is_file() else None


def load_weights(model: Any, path: str | Path, *, by_name: bool = False) -> None:
    """Load a checkpoint's weights into a model and say what did not fit.

    Args:
        model: with its ``dataset_meta``.
        path: path or URL.
        by_name: the model is to learn its own keypoint set; it takes over what it shares with the checkpoint's.

    Raises:
        CheckpointError: if the file is no checkpoint, or one of another model.
    """
    checkpoint = open_checkpoint(path)
    sets = (checkpoint.meta.get("dataset_meta"), model.dataset_meta)
    keypoints = (keypoint_names(sets[0]), keypoint_names(sets[1])) if by_name else None
    report = load_into(model, checkpoint.state, source=checkpoint.source, keypoints=keypoints)
    print(report, flush=True)


def announce(plan: Translation, config: Config, folder: Path, checkpoint: Path | None, hooks: list[Any]) -> None:
    """Print what was made of the config, and keep it and the config itself in the run's folder."""
    from rich.console import Console
    from rich.table import Table

    table = Table("config", "becomes", title=f"{config.filename or 'run'} -> {folder}", title_justify="left")
    told = {type(hook).__name__: hook.describe() for hook in hooks if isinstance(hook, BaseHook)}
    rows = [(key, f"{made}: {told[made]}" if made in told else made) for key, made in plan.rows]
    for row in rows:
        table.add_row(*row)
    console = Console(width=min(shutil.get_terminal_size((120, 40)).columns, 140), highlight=False)
    console.print(table)
    start = f"going on from {checkpoint}" if checkpoint else "starting afresh"
    print(start, flush=True)
    log = RunLog(folder)
    if checkpoint is None:
        log.start_over()
    log.line(start)
    for key, made in rows:
        log.line(f"{key}: {made}")
    write_atomically(folder / f"{Path(config.filename or 'config').stem}.py", lambda f: f.write(config.dump().encode()))


def on_cpu(device: str) -> bool:
    """Whether a run on the device that was asked for computes on the CPU."""
    return device == "cpu" or (device == "auto" and not torch.accelerator.is_available())


def keep_warnings(log: RunLog) -> None:
    """Have posekit's warnings, of workers too, go to the run's log besides the screen."""
    logger = logging.getLogger("posekit")
    for handler in [handler for handler in logger.handlers if isinstance(handler, LogLines)]:
        logger.removeHandler(handler)
    logger.addHandler(LogLines(log))


class LogLines(logging.Handler):
    """Writes log records to a run's log and to the screen."""

    def __init__(self, log: RunLog) -> None:
        super().__init__(logging.WARNING)
        self.run_log = log

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{record.levelname.lower()}: {record.getMessage()}"
        self.run_log.line(line)
        print(line, file=sys.stderr, flush=True)


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # for code that uses the global generator
    torch.manual_seed(seed)


def quieten() -> None:
    """Silence what Lightning says and no user can act on."""
    for pattern in NOISE:
        warnings.filterwarnings("ignore", message=pattern)
    for name in ("lightning.pytorch", "lightning.fabric", "lightning", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)


def made_by() -> dict[str, str]:
    from posekit import __version__

    return {"posekit_version": __version__, "time": time.strftime("%Y-%m-%d %H:%M:%S")}
