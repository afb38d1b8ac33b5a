"""Training and evaluating the model of a config."""

from __future__ import annotations

import logging
import random
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from posekit.array import plain
from posekit.checkpoints.keypoint_match import keypoint_names
from posekit.checkpoints.load import load_into, open_checkpoint
from posekit.config.config import Config
from posekit.engine.data_module import PoseDataModule
from posekit.engine.hooks.base import BaseHook
from posekit.engine.launch import Launch, plan_launch
from posekit.engine.loggers import build_loggers
from posekit.engine.run_folder import checkpoint_to_resume, default_folder, open_run_folder
from posekit.engine.run_log import RunLog
from posekit.engine.task import PoseTask
from posekit.engine.trainer import build_hooks, build_trainer, hooks_of_test, on_cpu, quieten, tune_cpu
from posekit.engine.translation import Translation, translate
from posekit.files import write_atomically
from posekit.registry import METRICS, MODELS


def train(
    config: Config,
    *,
    work_dir: Path | str | None = None,
    resume: bool | str | Path = False,
    load_from: str | Path | None = None,
    overwrite: bool = False,
    device: str = "auto",
    launch: Launch | None = None,
    precision: str | None = None,
) -> PoseTask:
    """Train the model of a config and return the task with the trained model.

    Args:
        config: the whole config.
        work_dir: folder of the run; by default the config's, or ``work_dirs/<config name>``.
        resume: go on from ``last.pth`` in the run's folder if it is there, or from the checkpoint given.
        load_from: checkpoint whose weights to start from.
        overwrite: put this run in the place of one that the folder holds.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        launch: the run's processes; by default those that a launcher has started, else this one.
        precision: of Lightning, such as ``16-mixed``; by default what ``optim_wrapper`` asks for.

    Raises:
        BuildError: if the config holds anything that cannot be used.
        ValueError: if the folder that was named holds a run, and it is neither resumed nor overwritten.
        FolderInUseError: if another process trains there.
    """
    quieten()
    launch = launch or plan_launch()
    resume = resume or config.get("resume") or False
    may_rename = not launch.starter and launch.num_nodes == 1
    plan = translate(config, world_size=launch.world_size)
    with open_run_folder(
        config,
        work_dir,
        resume=bool(resume),
        overwrite=overwrite,
        is_main=launch.is_main,
        may_rename=may_rename,
    ) as folder:
        return train_in(
            folder, config, plan, launch, resume=resume, load_from=load_from, device=device, precision=precision
        )


def train_in(
    folder: Path,
    config: Config,
    plan: Translation,
    launch: Launch,
    *,
    resume: bool | str | Path,
    load_from: str | Path | None,
    device: str,
    precision: str | None,
) -> PoseTask:
    """Train in a folder that is this run's; see ``train``."""
    checkpoint = checkpoint_to_resume(folder, resume)
    log = RunLog(folder)
    hooks = build_hooks(plan, folder, log)
    if launch.is_main:  # the other processes run this function, too
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
    loggers = build_loggers(plan.loggers, folder)
    trainer = build_trainer(arguments, folder, device, launch, hooks=hooks, loggers=loggers)
    trainer.fit(task, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    return task


def evaluate(
    config: Config,
    checkpoint: str | Path | None,
    *,
    device: str = "auto",
    launch: Launch | None = None,
    precision: str | None = None,
    model: Any = None,
    hooks: list[Any] | None = None,
    work_dir: Path | str | None = None,
) -> PoseTask:
    """Evaluate a checkpoint on a config's test data; the task's ``test_metrics`` have the values.

    Args:
        config: the whole config.
        checkpoint: file with the weights; None takes the model as it is.
        device, launch, precision: as in ``train``.
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
    all_hooks = [*hooks_of_test(plan), *(hooks or [])]
    trainer = build_trainer(arguments, folder, device, launch or plan_launch(), hooks=all_hooks, loggers=[])
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


def made_by() -> dict[str, str]:
    from posekit import __version__

    return {"posekit_version": __version__, "time": time.strftime("%Y-%m-%d %H:%M:%S")}
