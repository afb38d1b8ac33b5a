"""Evaluating a checkpoint on the test data of a config."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posekit.config.config import Config
from posekit.engine.config_check import plan_run
from posekit.engine.data_module import PoseDataModule
from posekit.engine.launch import Launch, plan_launch
from posekit.engine.run_folder import default_folder
from posekit.engine.task import build_task, load_weights
from posekit.engine.trainer import build_trainer, hooks_of_test, quieten, seed_everything


@dataclass(frozen=True)
class EvaluationResult:
    """What came of an evaluation.

    Attributes:
        metrics: values by the metrics' names.
        per_keypoint: values of single keypoints by the metrics' names, where metrics have them.
        dataset: name of the test data's keypoint set.
        num_samples: number of samples that the values are of.
        checkpoint: file with the weights; None for the model as it was.
        work_dir: folder that hooks have written to.
        model: the evaluated model.
    """

    metrics: dict[str, float]
    per_keypoint: dict[str, dict[str, float]]
    dataset: str
    num_samples: int
    checkpoint: str | Path | None
    work_dir: Path
    model: Any = field(repr=False)


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
) -> EvaluationResult:
    """Evaluate a checkpoint on a config's test data.

    Args:
        config: the whole config.
        checkpoint: file with the weights; None takes the model as it is.
        device, launch, precision: as in ``train``.
        model: a built model, by default the config's.
        hooks: callbacks to run along with those of the config.
        work_dir: folder for what hooks write; by default that of a training.
    """
    quieten()
    plan = plan_run(config, training=False)
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
    dataset = data.dataset("test")
    return EvaluationResult(
        metrics=dict(task.test_metrics),
        per_keypoint=per_keypoint(task.metrics["test"]),
        dataset=str(dataset.metainfo.get("dataset_name", "")),
        num_samples=len(dataset),
        checkpoint=checkpoint,
        work_dir=folder,
        model=task.model,
    )


def per_keypoint(metrics: Sequence[Any]) -> dict[str, dict[str, float]]:
    """Return the values of single keypoints by the metrics' names, of the metrics that have them."""
    return {name: values for metric in metrics for name, values in getattr(metric, "per_keypoint", {}).items()}
