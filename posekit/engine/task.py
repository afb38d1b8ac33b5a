"""The training task: a pose model, its losses, its optimizer and its metrics."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from posekit.array import plain
from posekit.checkpoints.checkpoint import keypoint_names
from posekit.checkpoints.load import load_into, open_checkpoint
from posekit.config.config import Config
from posekit.config.folders import model_with_paths
from posekit.engine.data_module import PoseDataModule
from posekit.engine.misfit import explained
from posekit.engine.optimizers.build import build_optimizer
from posekit.engine.pose_watch import PoseWatch
from posekit.engine.run_plan import RunPlan
from posekit.registry import METRICS, MODELS

logger = logging.getLogger(__name__)


class PoseTask(LightningModule):
    """Trains and evaluates a pose estimator; its state dict is the model's own.

    Args:
        model: called with ``mode="loss"`` and ``"predict"``; has a ``data_preprocessor``. Its parts with a
            ``set_epoch(epoch, max_epochs)`` receive each epoch, from 0.
        optim_wrapper: the config's settings of the optimizer.
        lr_factor: multiplies the learning rates (``auto_scale_lr``).
        metrics: built metrics of ``val`` and ``test``.
        meta: facts to keep in each checkpoint.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        optim_wrapper: Mapping[str, Any] | None = None,
        lr_factor: float = 1.0,
        metrics: Mapping[str, Sequence[Any]] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.model: Any = model
        self.optim_wrapper = dict(optim_wrapper or {})
        self.lr_factor = lr_factor
        self.metrics = {name: list(built) for name, built in (metrics or {}).items()}
        self.meta = dict(meta or {})
        self.val_metrics: dict[str, float] = {}
        self.test_metrics: dict[str, float] = {}
        self.iterations = 0
        self.watch = PoseWatch()

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.model.state_dict(*args, **kwargs)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        return self.model.load_state_dict(state_dict, strict=strict, assign=assign)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return build_optimizer(self.model, self.optim_wrapper, lr_factor=self.lr_factor)

    def configure_gradient_clipping(self, optimizer: Any, *_: Any, **__: Any) -> None:
        clip = dict(self.optim_wrapper.get("clip_grad") or {})
        if not clip:
            return
        kind = clip.pop("type", "norm")
        clipper = {"norm": nn.utils.clip_grad_norm_, "value": nn.utils.clip_grad_value_}[kind]
        clipper([value for group in optimizer.param_groups for value in group["params"]], **clip)

    @property
    def data(self) -> Any:
        """The data module of the run."""
        return self.trainer.datamodule  # pyright: ignore[reportAttributeAccessIssue]

    def prepare(self, batch: Any, *, training: bool) -> tuple[Any, Any]:
        """Return inputs and samples on the device, normalised and, for training, after the pipeline's device steps."""
        data = self.model.data_preprocessor(batch, training)
        inputs, samples = data["inputs"], data["data_samples"]
        with torch.no_grad():
            for step in self.data.device_steps if training else ():
                inputs = step.apply(inputs, samples)
        return inputs, samples

    def on_train_epoch_start(self) -> None:
        for part in self.model.modules():
            if hasattr(part, "set_epoch"):
                part.set_epoch(self.trainer.current_epoch, total_epochs(self.trainer))

    def training_step(self, batch: Any, batch_idx: int) -> dict[str, Any]:
        inputs, samples = self.prepare(batch, training=True)
        with explained(self.model, inputs, samples):
            losses = flat_losses(self.model(inputs, samples, mode="loss"))
        total = torch.stack([value for name, value in losses.items() if "loss" in name]).sum()
        if total.device.type == "cpu" and not math.isfinite(total.item()):
            raise not_finite({name: value.item() for name, value in losses.items()}, self.trainer)
        self.iterations += 1
        return {"loss": total, "parts": {name: value.detach() for name, value in losses.items()}}

    def validation_step(self, batch: Any, batch_idx: int) -> Any:
        return self.evaluate_batch(batch, "val")

    def test_step(self, batch: Any, batch_idx: int) -> Any:
        return self.evaluate_batch(batch, "test")

    def evaluate_batch(self, batch: Any, name: str) -> Any:
        inputs, samples = self.prepare(batch, training=False)
        with explained(self.model, inputs, samples):
            predictions = self.model(inputs, samples, mode="predict")
        for metric in self.metrics[name]:
            metric.process(batch, predictions)
        self.watch.process(predictions)
        return predictions

    def on_validation_epoch_start(self) -> None:
        self.watch = PoseWatch()

    def on_test_epoch_start(self) -> None:
        self.watch = PoseWatch()

    def on_validation_epoch_end(self) -> None:
        self.val_metrics = self.collect("val")

    def on_test_epoch_end(self) -> None:
        self.test_metrics = self.collect("test")
        self.warn_of_poses()

    def on_fit_end(self) -> None:
        self.warn_of_poses()

    def collect(self, name: str) -> dict[str, float]:
        """Return the values of all metrics over the dataset seen."""
        size = len(self.data.dataset(name))
        values: dict[str, float] = {}
        for metric in self.metrics[name]:
            values |= metric.evaluate(size)
        return values

    def warn_of_poses(self) -> None:
        """Warn of what is wrong with the latest predictions; after training, once, since young models err anyhow."""
        text = self.watch.warning(keypoint_names(self.meta.get("dataset_meta")))
        if text and self.trainer.is_global_zero:
            logger.warning("%s", text)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["meta"] = {**self.meta, "epoch": self.trainer.current_epoch + 1, "iter": self.iterations}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.iterations = checkpoint["meta"]["iter"]


def flat_losses(losses: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return each named loss as one value; lists are summed.

    Raises:
        ValueError: if no name contains "loss".
    """
    flat: dict[str, Tensor] = {}
    for name, value in losses.items():
        parts = list(value) if isinstance(value, (list, tuple)) else [value]
        flat[name] = torch.stack([torch.as_tensor(part).mean() for part in parts]).sum()
    if not any("loss" in name for name in flat):
        raise ValueError(
            f"the model returned no loss; a loss's name contains 'loss', found {', '.join(flat) or 'none'}"
        )
    return flat


class NotFiniteError(ValueError):
    """A loss that is no longer a finite number."""


def not_finite(losses: Mapping[str, float], trainer: Any) -> NotFiniteError:
    """Return the error for losses that are no longer finite."""
    parts = ", ".join(f"{name} {value:g}" for name, value in losses.items())
    rate = max(group["lr"] for group in trainer.optimizers[0].param_groups)
    return NotFiniteError(
        f"training stopped at iteration {trainer.fit_loop.total_batch_idx + 1} (epoch {trainer.current_epoch + 1}): "
        f"the loss is not finite ({parts}; learning rate {rate:g}). Lower the learning rate, lengthen the warm-up "
        "or clip gradients (optim_wrapper.clip_grad=dict(max_norm=1.0)); the last checkpoint is from before"
    )


def total_epochs(trainer: Any) -> int:
    """Return the number of epochs of the whole run, a last incomplete one included."""
    return -(-total_iterations(trainer) // int(trainer.num_training_batches))


def total_iterations(trainer: Any) -> int:
    """Return the number of iterations of the whole run."""
    if trainer.max_steps and trainer.max_steps > 0:
        return trainer.max_steps * trainer.accumulate_grad_batches
    return trainer.max_epochs * int(trainer.num_training_batches)


def build_task(
    config: Config,
    plan: RunPlan,
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
        metrics[stage] = build_metrics(config, stage)
        for metric in metrics[stage]:
            metric.dataset_meta = data.dataset(stage).metainfo
    first = next(iter(data.loaders))
    model.dataset_meta = getattr(data.dataset(first), "metainfo", None)
    meta = {"dataset_meta": plain(model.dataset_meta), "cfg": config.dump(), "seed": plan.seed}
    return PoseTask(
        model, optim_wrapper=plan.optim_wrapper, lr_factor=plan.lr_factor, metrics=metrics, meta={**meta, **made_by()}
    )


def build_metrics(config: Config, stage: str) -> list[Any]:
    """Build the metrics of a stage, ``val`` or ``test``.

    Raises:
        ValueError: if the config's evaluator is no config of metrics.
    """
    evaluator = config.get(f"{stage}_evaluator") or []
    if not isinstance(evaluator, (dict, list, tuple)):
        raise ValueError(f"{stage}_evaluator: must be dict(type=...) or a list of them, found {evaluator!r:.40}")
    return [METRICS.build(metric) for metric in ([evaluator] if isinstance(evaluator, dict) else evaluator)]


def initialised_model(config: Config) -> Any:
    """Build a config's model with initial or pretrained weights."""
    model = MODELS.build(model_with_paths(config))
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


def made_by() -> dict[str, str]:
    from posekit import __version__

    return {"posekit_version": __version__, "time": time.strftime("%Y-%m-%d %H:%M:%S")}
