"""Where the time of a training goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, schedule, tensorboard_trace_handler

from posekit.engine.hooks.base import BaseHook
from posekit.files import write_atomically
from posekit.registry import HOOKS

REPORTS = ("log_trace", "tb_trace")


@HOOKS.register_module()
class ProfilerHook(BaseHook):
    """Measures the first epochs or iterations of a training with torch's profiler.

    ``profile.txt`` in the run's folder lists the operations that took longest.

    Args:
        by_epoch: whether ``profile_times`` counts epochs, or else iterations.
        profile_times: number of them to measure.
        activity_with_cpu: whether to measure what the CPU does.
        activity_with_cuda: whether to measure what the GPU does.
        schedule: arguments of ``torch.profiler.schedule``, such as ``dict(wait=1, warmup=1, active=2)``.
        on_trace_ready: ``dict(type="log_trace", sort_by=..., row_limit=...)`` for the list, or
            ``dict(type="tb_trace", dir_name=...)`` for a trace that TensorBoard shows.
        record_shapes, profile_memory, with_stack, with_flops: as for ``torch.profiler.profile``.
        json_trace_path: file for a trace that browsers show; inside the run's folder unless absolute.

    Raises:
        ValueError: if nothing is to be measured, or ``on_trace_ready`` is unknown.
    """

    def __init__(
        self,
        *,
        by_epoch: bool = True,
        profile_times: int = 1,
        activity_with_cpu: bool = True,
        activity_with_cuda: bool = False,
        schedule: Mapping[str, int] | None = None,
        on_trace_ready: Mapping[str, Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        json_trace_path: str | None = None,
        priority: Any = None,
    ) -> None:
        super().__init__(priority)
        if profile_times < 1 or not (activity_with_cpu or activity_with_cuda):
            raise ValueError("ProfilerHook: give profile_times of 1 or more, and an activity to measure")
        self.report = {"type": "log_trace", **(on_trace_ready or {})}
        if self.report["type"] not in REPORTS:
            raise ValueError(
                f"ProfilerHook.on_trace_ready: type is '{self.report['type']}'; use {' or '.join(REPORTS)}"
            )
        self.by_epoch, self.times = by_epoch, profile_times
        self.activities = [ProfilerActivity.CPU] * activity_with_cpu
        self.activities += [ProfilerActivity.CUDA] * (activity_with_cuda and torch.cuda.is_available())
        self.schedule, self.json_trace_path = schedule, json_trace_path
        self.settings = {
            "record_shapes": record_shapes,
            "profile_memory": profile_memory,
            "with_stack": with_stack,
            "with_flops": with_flops,
        }
        self.profiler: Any = None
        self.counted = 0

    def describe(self) -> str:
        return f"profile of {self.times} {'epochs' if self.by_epoch else 'iterations'} in profile.txt"

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if not trainer.is_global_zero:
            return
        extra: dict[str, Any] = {"schedule": schedule(**self.schedule)} if self.schedule else {}
        if self.report["type"] == "tb_trace":
            folder = str(Path(trainer.default_root_dir) / self.report.get("dir_name", "profile"))
            options = {key: self.report[key] for key in ("worker_name", "use_gzip") if key in self.report}
            extra["on_trace_ready"] = tensorboard_trace_handler(folder, **options)
        self.profiler = profile(
            activities=self.activities or [ProfilerActivity.CPU], acc_events=True, **self.settings, **extra
        )
        self.profiler.start()

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        if self.profiler is not None:
            self.profiler.step()
            if not self.by_epoch:
                self.count(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if self.profiler is not None and self.by_epoch:
            self.count(trainer)

    def count(self, trainer: Any) -> None:
        """Note that an epoch or iteration is over; report after the last."""
        self.counted += 1
        if self.counted >= self.times:
            self.finish(Path(trainer.default_root_dir))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self.finish(Path(trainer.default_root_dir))

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        if self.profiler is not None:
            self.profiler.stop()
            self.profiler = None

    def finish(self, folder: Path) -> None:
        """Stop measuring and write what was asked for."""
        if self.profiler is None:
            return
        profiler, self.profiler = self.profiler, None
        profiler.stop()
        if self.report["type"] == "log_trace":
            limits = {"sort_by": "self_cpu_time_total", "row_limit": 50}
            limits |= {key: self.report[key] for key in limits if key in self.report}
            text = profiler.key_averages().table(**limits)
            write_atomically(folder / "profile.txt", lambda file: file.write(text.encode()))
        if self.json_trace_path:
            (folder / self.json_trace_path).parent.mkdir(parents=True, exist_ok=True)
            profiler.export_chrome_trace(str(folder / self.json_trace_path))
