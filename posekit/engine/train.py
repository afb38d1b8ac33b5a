"""Training the model of a config."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch

from posekit.config.config import Config
from posekit.engine.config_check import plan_run
from posekit.engine.data_module import PoseDataModule
from posekit.engine.hooks.base import BaseHook
from posekit.engine.launch import Launch, plan_launch
from posekit.engine.loggers import build_loggers
from posekit.engine.run_folder import checkpoint_to_resume, open_run_folder
from posekit.engine.run_log import RunLog, keep_warnings
from posekit.engine.run_plan import RunPlan
from posekit.engine.task import PoseTask, build_task, load_weights
from posekit.engine.trainer import build_hooks, build_trainer, on_cpu, quieten, seed_everything, tune_cpu
from posekit.files import write_atomically


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
    plan = plan_run(config, world_size=launch.world_size)
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
    plan: RunPlan,
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


def announce(plan: RunPlan, config: Config, folder: Path, checkpoint: Path | None, hooks: list[Any]) -> None:
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
