"""Training the model of a config."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch

from posekit.config.config import Config
from posekit.engine.config_check import plan_run
from posekit.engine.data_module import PoseDataModule
from posekit.engine.hooks.checkpoint_hook import CheckpointHook
from posekit.engine.launch import Launch, plan_launch
from posekit.engine.loggers import build_loggers
from posekit.engine.run_folder import checkpoint_to_resume, open_run_folder
from posekit.engine.run_log import RunLog, warnings_in
from posekit.engine.run_plan import RunPlan
from posekit.engine.run_table import announce
from posekit.engine.task import PoseTask, build_task, load_weights
from posekit.engine.trainer import build_hooks, build_trainer, on_cpu, quieten, seed_everything, tune_cpu


@dataclass(frozen=True)
class TrainResult:
    """What came of a training.

    Attributes:
        work_dir: folder of the run.
        epochs: number of epochs that the run has done in all; a fraction where it ended within one.
        steps: number of iterations that it has done in all.
        seconds: time that this training took.
        metrics: values of the last validation.
        best_metric: name of the metric that chooses the best checkpoint; None if none does, or none was validated.
        best_value: its best value.
        last_checkpoint: file from which the run can be resumed; None if none was written.
        best_checkpoint: file with the best weights.
        model: the trained model, with the weights of the last step.
    """

    work_dir: Path
    epochs: float
    steps: int
    seconds: float
    metrics: dict[str, float]
    best_metric: str | None
    best_value: float | None
    last_checkpoint: Path | None
    best_checkpoint: Path | None
    model: Any = field(repr=False)

    def __str__(self) -> str:
        epochs = f"{self.epochs:g} epoch{'s' * (self.epochs != 1)}"
        steps = f"{self.steps} step{'s' * (self.steps != 1)}"
        parts = [f"trained {epochs}, {steps}, in {timedelta(seconds=round(self.seconds))}"]
        if self.best_metric is not None:
            parts.append(f"best {self.best_metric} {self.best_value:.4g}: {self.best_checkpoint}")
        if self.last_checkpoint is not None:
            parts.append(f"last: {self.last_checkpoint}")
        return "; ".join(parts)


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
) -> TrainResult:
    """Train the model of a config.

    Args:
        config: the whole config.
        work_dir: folder of the run; by default the config's, or ``work_dirs/<config name>``.
        resume: checkpoint to resume from; True for ``last.pth`` in the run's folder, if it is there.
        load_from: checkpoint whose weights to start from.
        overwrite: whether this run may replace one that the folder holds.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        launch: the run's processes; by default those that a launcher has started, else this one.
        precision: Lightning's name of a precision, such as ``16-mixed``; by default that of ``optim_wrapper``.

    Raises:
        BuildError: if the config holds anything that cannot be used.
        ValueError: if the folder that was named holds a run, and it is neither resumed nor overwritten.
        FolderInUseError: if another process trains there.
    """
    quieten()
    launch = launch or plan_launch()
    resume = resume or config.get("resume") or False
    plan = plan_run(config, world_size=launch.world_size)
    with open_run_folder(
        config,
        work_dir,
        resume=bool(resume),
        overwrite=overwrite,
        is_main=launch.is_main,
        may_rename=not launch.starter and launch.num_nodes == 1,
    ) as folder:
        checkpoint = checkpoint_to_resume(folder, resume)
        weights = None if checkpoint is not None else load_from or config.get("load_from")
        if precision:
            plan.trainer["precision"] = precision
        log = RunLog(folder)
        if launch.is_main and checkpoint is None:
            log.start_over()
        with warnings_in(log):
            return train_in(folder, log, config, plan, launch, checkpoint=checkpoint, weights=weights, device=device)


def train_in(
    folder: Path,
    log: RunLog,
    config: Config,
    plan: RunPlan,
    launch: Launch,
    *,
    checkpoint: Path | None,
    weights: str | Path | None,
    device: str,
) -> TrainResult:
    """Train in a folder that is this run's.

    Args:
        log: records of the run.
        checkpoint: file to resume from.
        weights: checkpoint whose weights to start from.
    """
    start = time.monotonic()
    if on_cpu(device):
        tune_cpu()
    hooks = build_hooks(plan, folder, log)
    seed_everything(plan.seed)
    data = PoseDataModule(**plan.data)
    if launch.is_main:  # the other processes run this function, too
        announce(plan, config, log, hooks=hooks, pipeline=data.describe_pipeline(), checkpoint=checkpoint)
    task = build_task(config, plan, data, ("val",) if "val" in data.loaders else ())
    if weights:
        load_weights(task.model, weights, by_name=True)
    if plan.channels_last or (plan.channels_last is None and on_cpu(device)):
        task.model.to(memory_format=torch.channels_last)
    loggers = build_loggers(plan.loggers, folder)
    trainer = build_trainer(plan.trainer, folder, device, launch, hooks=hooks, loggers=loggers)
    trainer.fit(task, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    return result_of(trainer, task, folder, seconds=time.monotonic() - start)


def result_of(trainer: Any, task: PoseTask, folder: Path, *, seconds: float) -> TrainResult:
    """Return what came of a training that has ended."""
    checkpoints = next((hook for hook in trainer.callbacks if isinstance(hook, CheckpointHook)), None)
    metric, best = checkpoints.best_of_all() if checkpoints else (None, {})
    return TrainResult(
        work_dir=folder,
        epochs=round(task.iterations / int(trainer.num_training_batches), 4),
        steps=task.iterations,
        seconds=seconds,
        metrics=dict(task.val_metrics),
        best_metric=metric,
        best_value=best.get("value"),
        last_checkpoint=checkpoints.last if checkpoints else None,
        best_checkpoint=checkpoints.folder / best["file"] if checkpoints and best else None,
        model=task.model,
    )
