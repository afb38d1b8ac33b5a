"""What posekit makes of the run settings in a config: Trainer arguments, hooks and data loading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from posekit.config.config import Config
from posekit.console import suggestion
from posekit.registry import Registry

SECTION_KEYS = {
    "train_cfg": "type by_epoch max_epochs max_iters val_begin val_interval dynamic_intervals",
    "val_cfg": "type fp16",
    "test_cfg": "type fp16",
    "optim_wrapper": "type optimizer paramwise_cfg clip_grad accumulative_counts constructor dtype loss_scale",
    "optim_wrapper.clip_grad": "type max_norm norm_type clip_value error_if_nonfinite foreach",
    "auto_scale_lr": "enable base_batch_size",
    "env_cfg": "cudnn_benchmark mp_cfg dist_cfg resource_limit channels_last compile num_threads",
    "env_cfg.mp_cfg": "mp_start_method opencv_num_threads",
    "randomness": "seed diff_rank_seed deterministic",
}


@dataclass
class RunPlan:
    """The settings of a run, ready for Lightning, and what became of each key of the config.

    Attributes:
        trainer: arguments of Lightning's Trainer.
        hooks: configs of the hooks, in order.
        data: arguments of PoseDataModule.
        rows: (key of the config, what was made of it).
        problems: what cannot be used; empty after ``plan_run``.
    """

    config: Mapping[str, Any]
    trainer: dict[str, Any] = field(default_factory=dict)
    hooks: list[dict[str, Any]] = field(default_factory=list)
    validation: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    optim_wrapper: dict[str, Any] = field(default_factory=dict)
    schedules: list[dict[str, Any]] = field(default_factory=list)
    lr_factor: float = 1.0
    seed: int = 0
    channels_last: bool | None = None
    compile: Any = False
    num_threads: int | None = None
    loggers: list[dict[str, Any]] = field(default_factory=list)
    visualizer: dict[str, Any] = field(default_factory=lambda: {"type": "PoseLocalVisualizer"})
    rows: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def say(self, key: str, outcome: str) -> None:
        self.rows.append((key, outcome))

    def refuse(self, path: str, reason: str) -> None:
        self.problems.append(f"{path}{line_of(self.config, path)}: {reason}")

    def section(self, path: str, value: Any = None) -> dict[str, Any]:
        """Return a dict of the config after checking its keys; {} if it is absent or None."""
        section = self.mapping(path, self.config.get(path) if value is None else value)
        self.check_keys(path, section, SECTION_KEYS[path].split())
        return dict(section)

    def mapping(self, path: str, value: Any) -> Mapping[str, Any]:
        """Return a dict of the config; {} if it is absent or None, and for anything else, which is refused."""
        if not isinstance(value, Mapping | None):
            self.refuse(path, f"must be a dict, found {value!r:.40}")
        return value if isinstance(value, Mapping) else {}

    def whole(self, path: str, value: Any, least: int) -> int:
        """Return a whole number that is not below ``least``; refuse anything else."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self.refuse(path, f"must be a whole number from {least} on, found {value!r:.40}")
        return least

    def check_keys(self, path: str, section: Mapping[str, Any], known: Iterable[str]) -> None:
        known = list(known)
        for key in section:
            if key not in known and key not in ("_scope_", "_delete_"):
                self.refuse(f"{path}.{key}", f"{path} has no '{key}'; {suggestion(key, known)}")

    def check_part(self, path: str, table: Registry, config: Any, *, added: Iterable[str] = ()) -> bool:
        """Check a part and everything under it; whether nothing is wrong.

        Args:
            added: arguments that the run adds to those of the config.
        """
        is_part = isinstance(config, Mapping) and "type" in config  # which knows its lines itself
        at = path if is_part else f"{path}{line_of(self.config, path)}"
        problems = table.check(config, at, given=added)
        self.problems += problems
        return not problems


def line_of(config: Mapping[str, Any], path: str) -> str:
    """Return `` (line 3)`` or `` (base.py:3)`` of a value where the config knows it."""
    line = config.line(path) if isinstance(config, Config) else ""
    return f" ({line})" if line else ""


def source_of(config: Mapping[str, Any]) -> str:
    return config.source() if isinstance(config, Config) else ""
