"""Checkpoints: where to resume from, and the best weights."""

from __future__ import annotations

import logging
import math
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.plugins.io import CheckpointIO

from posekit.checkpoints.read import read_file
from posekit.engine.hooks.base import BaseHook
from posekit.engine.hooks.best_metric import better, rule_for
from posekit.engine.run_folder import BEST, LAST
from posekit.files import link_atomically, write_atomically
from posekit.registry import HOOKS

logger = logging.getLogger(__name__)


@HOOKS.register_module()
class CheckpointHook(BaseHook, Checkpoint):
    """Saves the state of the run after every epoch, and the weights of the best validation.

    ``last.pth`` always holds everything needed to resume; ``epoch_N.pth`` (``iter_N.pth``) are
    kept every ``interval``. ``best_<metric>_epoch_N.pth`` holds ``meta`` and ``state_dict`` only; ``best.pth`` is
    another name of the one that is best by the first metric of ``save_best``.

    Args:
        interval: epochs (or iterations) from one kept checkpoint to the next; -1 keeps none but the last.
        by_epoch: whether the interval counts epochs or else iterations, which also saves in the middle of epochs.
        save_optimizer, save_param_scheduler: accepted for the sake of configs; ``last.pth`` has both.
        out_dir: folder in which the checkpoints get a folder of the run's name, in place of the run's folder.
        max_keep_ckpts: number of kept checkpoints to leave, the newest; -1 leaves all.
        save_last: whether to keep the last checkpoint of the run even if the interval would skip it.
        save_best: metric, or metrics, whose best weights to keep; ``auto`` takes the first metric.
        rule: ``greater`` or ``less``, whichever is better, for each of them; by default what its name suggests.
        filename_tmpl: name of the kept checkpoints, with ``{}`` in the place of the number.
        save_begin: first epoch or iteration to keep.
        published_keys, greater_keys, less_keys, backend_args, file_client_args: accepted for the sake of configs.
        folder: the run's folder.
    """

    def __init__(
        self,
        interval: int = -1,
        by_epoch: bool = True,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        out_dir: str | None = None,
        max_keep_ckpts: int = -1,
        save_last: bool = True,
        save_best: str | Sequence[str] | None = None,
        rule: str | Sequence[str] | None = None,
        greater_keys: Any = None,
        less_keys: Any = None,
        file_client_args: Any = None,
        filename_tmpl: str | None = None,
        backend_args: Any = None,
        published_keys: Any = None,
        save_begin: int = 0,
        *,
        folder: Path | str = ".",
        priority: Any = None,
    ) -> None:
        super().__init__(priority)
        self.interval, self.by_epoch, self.save_begin = interval, by_epoch, save_begin
        self.max_keep, self.save_last = max_keep_ckpts, save_last
        self.folder = Path(out_dir) / Path(folder).name if out_dir else Path(folder)
        self.template = filename_tmpl or ("epoch_{}.pth" if by_epoch else "iter_{}.pth")
        names = [save_best] if isinstance(save_best, str) else list(save_best or ())
        rules: list[Any] = list(rule) if isinstance(rule, (list, tuple)) else [rule] * len(names)
        if len(rules) != len(names):
            raise ValueError(f"CheckpointHook: {len(names)} metrics in save_best, but {len(rules)} rules")
        self.wanted = dict(zip(names, rules, strict=True))
        for name, chosen in self.wanted.items():
            if name != "auto":
                self.wanted[name] = rule_for(name, chosen)
        self.best: dict[str, dict[str, Any]] = {}
        self.judged = -1
        self.interrupted = threading.Event()
        self.previous_handler: Any = None

    def describe(self) -> str:
        best = f", best by {', '.join(self.wanted)}" if self.wanted else ""
        every = (
            f", kept every {self.interval} {'epochs' if self.by_epoch else 'iterations'}" if self.interval > 0 else ""
        )
        return f"last.pth after each epoch{every}{best}"

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        for leftover in self.folder.glob(".*.part") if trainer.is_global_zero else ():  # of a killed run
            leftover.unlink(missing_ok=True)
        if threading.current_thread() is threading.main_thread():
            self.previous_handler = signal.signal(signal.SIGINT, self.interrupt)

    def interrupt(self, *_: Any) -> None:
        """Ask for a checkpoint and the end of the run after this step; a second Ctrl-C ends it at once."""
        print(
            "\nCtrl-C: saving a checkpoint after this step; press it again to stop at once without saving", flush=True
        )
        self.interrupted.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if trainer.fit_loop._should_accumulate():
            return
        if self.interrupted.is_set():
            self.save(trainer, [LAST])
            raise KeyboardInterrupt
        count = pl_module.iterations
        if not self.by_epoch and self.interval > 0 and count >= self.save_begin and count % self.interval == 0:
            self.save(trainer, [LAST, self.template.format(count)])

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        metrics, self.judged = pl_module.val_metrics, pl_module.iterations
        for name, rule in self.wanted.items():
            metric = next(iter(metrics), name) if name == "auto" else name
            if metric not in metrics:
                known = ", ".join(metrics) or "none"
                raise ValueError(f"CheckpointHook: save_best is '{name}', but validation gave {known}")
            self.judge(trainer, pl_module, metric, rule or rule_for(metric))

    def judge(self, trainer: Any, pl_module: Any, metric: str, rule: str) -> None:
        """Keep the weights if a metric is better than ever before."""
        value, held = pl_module.val_metrics[metric], self.best.get(metric)
        if not better(value, math.nan if held is None else held["value"], rule):
            if math.isnan(value):
                logger.warning("validation gave no number for %s; the best checkpoint stays as it is", metric)
            return
        count = trainer.current_epoch + 1 if self.by_epoch else pl_module.iterations
        name = f"best_{metric.replace('/', '_')}_{self.template.format(count)}"
        self.best[metric] = {"value": value, "file": name}
        meta = {**pl_module.meta, "epoch": trainer.current_epoch + 1, "iter": pl_module.iterations, metric: value}
        saved: dict[str, Any] = {"state_dict": pl_module.state_dict()}
        for hook in trainer.callbacks:  # EMAHook puts its averages in
            hook.on_save_checkpoint(trainer, pl_module, saved)
        weights = {"meta": meta, "state_dict": saved["state_dict"]}
        write_checkpoint(self.folder / name, weights)
        if metric == self.best_of_all()[0]:
            link_atomically(self.folder / name, self.folder / BEST)
        if held is not None and held["file"] != name:
            (self.folder / held["file"]).unlink(missing_ok=True)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        epoch = trainer.current_epoch + 1
        last = epoch == trainer.max_epochs and self.save_last
        names = [LAST]
        if self.by_epoch and ((self.interval > 0 and epoch >= self.save_begin and epoch % self.interval == 0) or last):
            names.append(self.template.format(epoch))
        self.save(trainer, names)

    def save(self, trainer: Any, names: Sequence[str]) -> None:
        """Save the state of the run once, under all names."""
        trainer.save_checkpoint(self.folder / names[0])
        if not trainer.is_global_zero:
            return
        for name in names[1:]:
            link_atomically(self.folder / names[0], self.folder / name)
        newest = str(self.folder / names[-1])
        write_atomically(self.folder / "last_checkpoint", lambda file: file.write(newest.encode()))
        self.prune()

    def prune(self) -> None:
        """Remove the oldest kept checkpoints beyond ``max_keep_ckpts``."""
        if self.max_keep <= 0:
            return
        head, _, tail = self.template.partition("{}")
        numbered = [
            (int(path.name[len(head) : len(path.name) - len(tail)]), path)
            for path in self.folder.glob(f"{head}*{tail}")
            if path.name[len(head) : len(path.name) - len(tail)].isdigit()
        ]
        for _, path in sorted(numbered)[: -self.max_keep]:
            path.unlink()

    @property
    def last(self) -> Path | None:
        """The file from which the run can be resumed; None if it has not been written."""
        path = self.folder / LAST
        return path if path.is_file() else None

    def best_of_all(self) -> tuple[str | None, dict[str, Any]]:
        """Return the metric that ``best.pth`` goes by, with its best ``value`` and ``file``; (None, {}) without one."""
        return next(iter(self.best.items()), (None, {}))

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if self.previous_handler is not None:
            signal.signal(signal.SIGINT, self.previous_handler)
            self.previous_handler = None

    def state_dict(self) -> dict[str, Any]:
        return {"best": {name: dict(entry) for name, entry in self.best.items()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best = {name: dict(entry) for name, entry in state_dict["best"].items()}


def write_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint file, whole or not at all; the file that was there stays until then.

    Raises:
        OSError: if it cannot be written, for example because the disk is full.
    """
    try:
        write_atomically(path, lambda file: torch.save(content, file))
    except RuntimeError as error:  # what torch makes of an error of the file that it writes to
        cause = error.__context__ if isinstance(error.__context__, OSError) else None
        why = cause.strerror if cause is not None else str(error).partition("\n")[0]
        raise OSError(
            f"checkpoint {path}: cannot be written ({why}); the one that was saved before is intact"
        ) from error


class AtomicCheckpointIO(CheckpointIO):
    """Writes checkpoints so that a file is either complete or absent, and reads them without running code."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        write_checkpoint(Path(path), checkpoint)

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:
        return read_file(path)

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)
