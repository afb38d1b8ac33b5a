"""Logging back ends that configs name, as Lightning's loggers."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from posekit.console import suggestion
from posekit.registry import strip_scope

LOCAL = "LocalVisBackend"


class BackEnd(NamedTuple):
    """How a back end of configs becomes a logger.

    Attributes:
        module: module of the logger's class.
        name: name of the class.
        package: what must be installed besides Lightning.
        renamed: what the logger calls settings of the back end that have another name there.
        folder: argument of the logger that takes the run's folder; None for none.
        title: argument of the logger that takes the run's name; None for none.
    """

    module: str
    name: str
    package: str
    renamed: Mapping[str, str] = {}
    folder: str | None = None
    title: str | None = None


BACK_ENDS = {
    "TensorboardVisBackend": BackEnd(
        "lightning.pytorch.loggers", "TensorBoardLogger", "tensorboard", folder="save_dir"
    ),
    "WandbVisBackend": BackEnd("lightning.pytorch.loggers", "WandbLogger", "wandb", folder="save_dir", title="name"),
    "MLflowVisBackend": BackEnd(
        "lightning.pytorch.loggers", "MLFlowLogger", "mlflow", {"exp_name": "experiment_name"}, title="run_name"
    ),
    "CometVisBackend": BackEnd("lightning.pytorch.loggers", "CometLogger", "comet_ml"),
    "AimVisBackend": BackEnd("aim.pytorch_lightning", "AimLogger", "aim", title="run_name"),
    "DVCLiveVisBackend": BackEnd("dvclive.lightning", "DVCLiveLogger", "dvclive", folder="dir"),
}
WITHOUT_LOGGER = {
    "ClearMLVisBackend": "Lightning has no logger for it; name TensorboardVisBackend, which ClearML records itself",
    "NeptuneVisBackend": "Neptune has ended its service; name another back end, such as MLflowVisBackend",
}
ACCEPTED = (
    "type", "_scope_", "save_dir", "init_kwargs", "img_save_dir", "config_save_file", "scalar_save_file",
    "define_metric_cfg", "commit", "log_code_name", "watch_kwargs", "params", "artifact_suffix", "tracked_config_keys",
)  # fmt: skip
"""Settings of configs that no logger takes; the items of ``init_kwargs`` become keyword arguments."""


def backend_problem(config: Any) -> str | None:
    """Return what keeps a back end's config from becoming a logger; None if nothing does."""
    if not isinstance(config, Mapping) or "type" not in config:
        return f"must be a dict with a 'type', found {config!r:.40}"
    name = strip_scope(str(config["type"]))
    if name == LOCAL:
        return None
    if name in WITHOUT_LOGGER:
        return f"{name}: {WITHOUT_LOGGER[name]}"
    if name not in BACK_ENDS:
        return f"no back end '{name}'; {suggestion(name, [LOCAL, *BACK_ENDS])}"
    back_end = BACK_ENDS[name]
    if importlib.util.find_spec(back_end.package) is None:
        package = back_end.package.replace("_", "-")
        return f"{name} needs the package {package}, which is not installed: pip install {package}"
    return None


def build_loggers(configs: Sequence[Mapping[str, Any]], folder: Path) -> list[Any]:
    """Build the loggers of back ends without problems.

    Args:
        configs: their configs.
        folder: the run's folder.

    Raises:
        ValueError: if a logger takes no such setting.
    """
    named = {strip_scope(str(config["type"])): config for config in configs}
    return [build_logger(name, config, folder) for name, config in named.items() if name != LOCAL]


def build_logger(name: str, config: Mapping[str, Any], folder: Path) -> Any:
    """Build the logger of one back end."""
    back_end = BACK_ENDS[name]
    make = getattr(importlib.import_module(back_end.module), back_end.name)
    settings = {back_end.renamed.get(key, key): value for key, value in config.items() if key not in ACCEPTED}
    settings |= config.get("init_kwargs") or {}
    takes = inspect.signature(make).parameters
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in takes.values()):
        for key in settings:
            if key not in takes:
                raise ValueError(f"vis_backends: {name} takes no '{key}'; {suggestion(key, list(takes))}")
    defaults = {back_end.title: folder.absolute().name, back_end.folder: folder}
    if name == "TensorboardVisBackend":
        defaults |= {"name": "tensorboard", "version": ""}
    if name == "MLflowVisBackend" and "tracking_uri" not in settings and "MLFLOW_TRACKING_URI" not in os.environ:
        place = folder.absolute()  # MLflow no longer writes plain files
        defaults["tracking_uri"] = f"sqlite:///{place / 'mlflow.db'}"
        defaults["artifact_location"] = str(place / "mlartifacts")
    return make(**{**{key: value for key, value in defaults.items() if key}, **settings})


class LoggerSink:
    """Hands drawn images to a logger, if it takes images.

    Args:
        logger: a logger of Lightning's.
    """

    def __init__(self, logger: Any) -> None:
        self.logger = logger

    def add_image(self, name: str, image: np.ndarray, step: int) -> None:
        """Take an image (H, W, 3) uint8, R, G, B."""
        if hasattr(self.logger, "log_image"):  # Weights & Biases
            self.logger.log_image(key=name, images=[image], step=step)
            return
        experiment = self.logger.experiment
        if hasattr(experiment, "add_image"):  # TensorBoard
            experiment.add_image(name, image, step, dataformats="HWC")
        elif hasattr(experiment, "log_image"):
            run = getattr(self.logger, "run_id", None)
            if run is not None:  # MLflow
                experiment.log_image(run, image, key=name.replace("/", "_"), step=step)
            else:  # Comet
                experiment.log_image(image, name=name, step=step)
