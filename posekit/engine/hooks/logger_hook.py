"""Losses, speed and metrics, on the screen and on disk."""

from __future__ import annotations

import math
import sys
import time
from collections import defaultdict
from datetime import timedelta
from typing import Any

from posekit.engine.hooks.base import BaseHook
from posekit.engine.run_log import RunLog
from posekit.engine.task import not_finite, total_iterations
from posekit.registry import HOOKS


@HOOKS.register_module()
class LoggerHook(BaseHook):
    """Reports mean losses, accuracy, learning rate, speed and remaining time.

    On a terminal a progress bar moves and epochs leave one line each; elsewhere there is
    one line per ``interval``. ``log.txt`` and ``scalars.jsonl`` always get every line.

    Args:
        interval: number of steps from one report to the next.
        log: files to which reports are written; None writes none.
        bar: whether to draw a progress bar; by default on terminals.
        curves: number of seconds from one drawing of ``curves.png`` to the next; None draws none.
        ignore_last, interval_exp_name, out_dir, out_suffix, keep_local, log_metric_by_epoch, file_client_args,
            backend_args: accepted for the sake of configs.
    """

    def __init__(
        self,
        interval: int = 50,
        ignore_last: bool = True,
        interval_exp_name: int = 1000,
        out_dir: Any = None,
        out_suffix: Any = None,
        keep_local: bool = True,
        file_client_args: Any = None,
        log_metric_by_epoch: bool = True,
        backend_args: Any = None,
        *,
        log: RunLog | None = None,
        bar: bool | None = None,
        curves: float | None = 60.0,
        priority: Any = None,
    ) -> None:
        super().__init__(priority)
        self.interval = interval
        self.run_log = log
        self.with_bar = sys.stdout.isatty() if bar is None else bar
        self.curves, self.drawn = curves, -math.inf
        self.progress: Any = None
        self.clear()

    def describe(self) -> str:
        return f"a report every {self.interval} steps; log.txt, scalars.jsonl, curves.png"

    def clear(self) -> None:
        self.sums: dict[str, Any] = defaultdict(float)
        self.counts: dict[str, int] = defaultdict(int)
        self.samples, self.steps, self.waited = 0, 0, 0.0
        self.since = self.left_off = time.perf_counter()

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if self.run_log and pl_module.iterations:
            self.run_log.rewind(pl_module.iterations)
        self.first_iteration, self.started, self.pause = pl_module.iterations, time.perf_counter(), 0.0
        if self.with_bar and trainer.is_global_zero:
            self.progress = start_bar(total_iterations(trainer), pl_module.iterations)
        self.clear()

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self.left_off = time.perf_counter()

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.waited += time.perf_counter() - self.left_off

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        for name, value in outputs["parts"].items():
            self.sums[name] = self.sums[name] + value
            self.counts[name] += 1
        self.samples += len(batch["inputs"])
        self.steps += 1
        self.left_off = time.perf_counter()
        if self.progress is not None:
            self.progress.advance(self.progress.task_ids[0])
        if (batch_idx + 1) % self.interval == 0 or batch_idx + 1 == trainer.num_training_batches:
            self.report(trainer, pl_module, batch_idx + 1)

    def report(self, trainer: Any, pl_module: Any, batch: int) -> None:
        means = {name: float(total) / self.counts[name] for name, total in self.sums.items()}
        if not all(math.isfinite(value) for name, value in means.items() if "loss" in name):
            raise not_finite(means, trainer)
        now = time.perf_counter()
        seconds = max(now - self.since, 1e-9)
        entry = {
            "kind": "train",
            "step": pl_module.iterations,
            "epoch": round(pl_module.iterations / trainer.num_training_batches, 4),
            "lr": max(group["lr"] for group in trainer.optimizers[0].param_groups),
            **means,
            "loss": sum(value for name, value in means.items() if "loss" in name),
            "time": round(seconds / max(self.steps, 1), 5),
            "samples_per_second": round(self.samples * trainer.world_size / seconds, 2),
            "waiting_for_data": round(self.waited / seconds, 3),
        }
        entry["eta_seconds"] = round(self.remaining(trainer, pl_module, now))
        self.write(trainer, train_line(entry, trainer, batch), entry, transient=batch < trainer.num_training_batches)
        self.clear()

    def remaining(self, trainer: Any, pl_module: Any, now: float) -> float:
        done = max(pl_module.iterations - self.first_iteration, 1)
        return (now - self.started) / done * max(total_iterations(trainer) - pl_module.iterations, 0)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if trainer.sanity_checking or not pl_module.val_metrics:
            return
        epoch = round(pl_module.iterations / trainer.num_training_batches, 4)
        entry = {"kind": "val", "step": pl_module.iterations, "epoch": epoch, **pl_module.val_metrics}
        self.write(trainer, f"epoch {epoch:g} validation: {metric_line(pl_module.val_metrics)}", entry)
        if self.curves is not None and time.monotonic() - self.drawn >= self.curves:
            self.draw(trainer)
        self.clear()

    def draw(self, trainer: Any) -> None:
        if self.run_log and trainer.is_global_zero:
            self.run_log.draw()
            self.drawn = time.monotonic()

    def write(self, trainer: Any, line: str, entry: dict[str, Any], *, transient: bool = False) -> None:
        """Show a line and keep it; a transient one only moves the bar where there is one."""
        for logger in trainer.loggers:
            numbers = {key: value for key, value in entry.items() if isinstance(value, float)}
            logger.log_metrics({f"{entry['kind']}/{key}": value for key, value in numbers.items()}, step=entry["step"])
        if not trainer.is_global_zero:
            return
        if self.run_log:
            self.run_log.line(line)
            self.run_log.numbers(entry)
        if self.progress is None:
            print(line, flush=True)
            return
        if "loss" in entry:
            self.progress.update(self.progress.task_ids[0], losses=bar_text(entry))
        if not transient:
            self.progress.console.print(line, highlight=False, soft_wrap=True)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        if self.curves is not None:
            self.draw(trainer)
        self.stop()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self.stop()

    def stop(self) -> None:
        if self.progress is not None:
            self.progress.stop()
            self.progress = None


def train_line(entry: dict[str, Any], trainer: Any, batch: int) -> str:
    of = f"/{trainer.max_epochs}" if (trainer.max_epochs or -1) > 0 else ""
    shown = {name: value for name, value in entry.items() if "loss" in name or name.startswith("acc")}
    eta = timedelta(seconds=entry["eta_seconds"])
    return (
        f"epoch {trainer.current_epoch + 1}{of}  {batch}/{int(trainer.num_training_batches)}  "
        f"{metric_line(shown)}  lr {entry['lr']:.3g}  {entry['samples_per_second']:.1f} samples/s  "
        f"waiting {entry['waiting_for_data']:.0%}  eta {eta}"
    )


def bar_text(entry: dict[str, Any]) -> str:
    accuracy = f"  acc {entry['acc_pose']:.3f}" if "acc_pose" in entry else ""
    return f"loss {entry['loss']:.4g}{accuracy}  {entry['samples_per_second']:.0f}/s"


def metric_line(metrics: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())


def start_bar(total: int, done: int) -> Any:
    """Return a running progress bar of the whole run."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[losses]}"),
    )
    progress = Progress(*columns, refresh_per_second=4)
    progress.add_task("train", total=total, completed=done, losses="")
    progress.start()
    return progress
