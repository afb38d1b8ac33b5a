"""The table that a training prints before it starts: what each setting of the config becomes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from posekit.config.config import Config
from posekit.engine.hooks.base import BaseHook
from posekit.engine.run_log import RunLog
from posekit.engine.run_plan import RunPlan
from posekit.files import write_atomically


def announce(
    plan: RunPlan, config: Config, log: RunLog, *, hooks: list[Any], pipeline: str, checkpoint: Path | None
) -> None:
    """Print what the settings become, and keep that and the config itself in the run's folder.

    Args:
        plan: the run's.
        config: the whole config.
        log: the run's.
        hooks: the run's, which describe themselves.
        pipeline: which steps of the training pipeline run where.
        checkpoint: file to resume from; None to start afresh.
    """
    rows = table_rows(plan, hooks, pipeline)
    print_table(rows, f"{config.filename or 'run'} -> {log.folder}")
    start = f"resuming from {checkpoint}" if checkpoint else "starting afresh"
    print(start, flush=True)
    log.line(start)
    for key, outcome in rows:
        log.line(f"{key}: {outcome}")
    path = log.folder / f"{Path(config.filename or 'config').stem}.py"
    write_atomically(path, lambda file: file.write(config.dump().encode()))


def table_rows(plan: RunPlan, hooks: list[Any], pipeline: str) -> list[tuple[str, str]]:
    """Return each key of the config and what it becomes, the pipeline below the loader that it belongs to."""
    descriptions = {type(hook).__name__: hook.describe() for hook in hooks if isinstance(hook, BaseHook)}
    rows: list[tuple[str, str]] = []
    for key, outcome in plan.rows:
        description = descriptions.get(outcome)
        rows.append((key, f"{outcome}: {description}" if description else outcome))
        if key == "train_dataloader" and pipeline:
            rows.append(("train pipeline", pipeline))
    return rows


def print_table(rows: list[tuple[str, str]], title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("config", "becomes", title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    width = min(shutil.get_terminal_size((120, 40)).columns, 140)
    Console(width=width, highlight=False).print(table)
