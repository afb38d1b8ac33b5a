"""Logging back ends that configs name."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lightning.pytorch.loggers import MLFlowLogger, TensorBoardLogger, WandbLogger

from posekit.engine import loggers
from posekit.engine.loggers import BACK_ENDS, LoggerSink, backend_problem, build_loggers


class Recorder:
    """Keeps what it is called with."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def log_image(self, *arguments: Any, **named: Any) -> None:
        self.calls.append((arguments, named))


@pytest.mark.parametrize("name", [name for name in BACK_ENDS if name != "TensorboardVisBackend"])
def test_a_missing_package_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: None)
    package = BACK_ENDS[name].package.replace("_", "-")
    assert backend_problem({"type": f"mmengine.{name}"}) == (
        f"{name} needs the package {package}, which is not installed: pip install {package}"
    )


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"type": "NeptuneVisBackend"}, "Neptune has ended its service"),
        ({"type": "ClearMLVisBackend"}, "name TensorboardVisBackend"),
        ({"type": "MLFlowBackend"}, "did you mean 'MLflowVisBackend'"),
        ("MLflowVisBackend", "must be a dict with a 'type'"),
    ],
)
def test_back_ends_that_cannot_be(config: Any, message: str) -> None:
    assert message in (backend_problem(config) or "")


def test_local_files_need_no_logger(tmp_path: Path) -> None:
    assert backend_problem({"type": "LocalVisBackend"}) is None
    assert build_loggers([{"type": "LocalVisBackend", "save_dir": "x"}], tmp_path) == []


def test_tensorboard(tmp_path: Path) -> None:
    config = {"type": "TensorboardVisBackend", "save_dir": "elsewhere"}
    assert backend_problem(config) is None
    (logger,) = build_loggers([config, config], tmp_path)
    assert isinstance(logger, TensorBoardLogger)
    assert Path(logger.log_dir) == tmp_path / "tensorboard"


def test_settings_that_no_logger_takes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="MLflowVisBackend takes no 'run_nam'; did you mean 'run_name'"):
        build_loggers([{"type": "MLflowVisBackend", "run_nam": 2}], tmp_path)


@pytest.mark.parametrize(
    ("config", "cls", "expected"),
    [
        (
            {"type": "WandbVisBackend", "init_kwargs": {"project": "poses"}, "commit": True},
            WandbLogger,
            {"project": "poses", "name": "run"},
        ),
        (
            {"type": "MLflowVisBackend", "exp_name": "poses", "tracking_uri": "http://x", "artifact_suffix": ".py"},
            MLFlowLogger,
            {"experiment_name": "poses", "tracking_uri": "http://x", "run_name": "run"},
        ),
    ],
)
def test_settings_reach_the_logger(
    config: dict[str, Any], cls: type, expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    @functools.wraps(cls.__init__)
    def stand_in(self: Any, **settings: Any) -> None:
        seen.update(settings)

    monkeypatch.setattr(cls, "__init__", stand_in)
    loggers.build_loggers([config], tmp_path / "run")
    assert expected.items() <= seen.items()
    assert "commit" not in seen


def test_images_reach_each_kind_of_logger() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    wandb = Recorder()
    LoggerSink(wandb).add_image("test", image, 4)
    assert wandb.calls[0][1]["step"] == 4
    for kind, arguments in (("mlflow", ("r", image)), ("comet", (image,))):
        logger = type(kind, (), {"experiment": Recorder(), **({"run_id": "r"} if kind == "mlflow" else {})})()
        LoggerSink(logger).add_image("test/a", image, 4)
        positional, named = logger.experiment.calls[0]
        assert len(positional) == len(arguments)
        assert named["step"] == 4
