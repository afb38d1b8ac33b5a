"""What finds the boxes for a top-down model: posekit's own detector, an exported one, or a released one by name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posekit.inference.people import BoxFinder
    from posekit.inference.predictor import Predictor

PERSON = "person"
OF_PEOPLE = ("body", "wholebody")
"""First words of the tasks whose models look at whole persons."""


def add_detector(
    predictor: Predictor,
    detector: str | os.PathLike[str] | None,
    *,
    model: str | os.PathLike[str] | None = None,
    device: str = "auto",
    **options: Any,
) -> Predictor:
    """Let a top-down predictor find the boxes itself where none are given; others are left as they are.

    Args:
        predictor: predictor to change.
        detector: exported detector; a released one or a config by its name; ``people`` for the one that comes with
            posekit, ``whole`` for none; None for what suits the model.
        model: what the predictor was opened from.
        device: device that a released detector runs on.
        options: those of ``look_for_people``, ``offline`` of ``open_detector``; ``threads`` and ``providers`` are about
            exported detectors.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no detector.
        DownloadError: if released weights can be had from nowhere.
    """
    from posekit.inference.people import PEOPLE, WHOLE, look_for_people
    from posekit.inference.top_down import TopDownPredictor
    from posekit.zoo.model_files import EXPORTED

    offline = options.pop("offline", None)
    if not isinstance(predictor, TopDownPredictor):
        return predictor
    finder: Any = (PEOPLE if shows_people(model) else WHOLE) if detector is None else os.fspath(detector)
    if finder not in (PEOPLE, WHOLE) and Path(finder).suffix not in EXPORTED:
        for name in ("threads", "providers"):
            options.pop(name, None)
        finder = open_detector(finder, device=device, offline=offline)
    return look_for_people(predictor, finder, **options)


def shows_people(model: str | os.PathLike[str] | None) -> bool:
    """Whether a model is posekit's own or a released one that looks at whole persons."""
    from posekit.zoo.model_files import released_model

    if model is None:
        return True
    entry = None if Path(model).exists() else released_model(os.fspath(model))
    return entry is not None and entry.task.startswith(OF_PEOPLE)


def open_detector(
    name: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    *,
    device: str = "auto",
    labels: Sequence[int] | None = None,
    offline: bool | None = None,
) -> BoxFinder:
    """Open a detector: a released one by its name, or that of a config.

    Args:
        name: a released detector's name, or the path or name of a config.
        weights: path or URL of other weights.
        device: auto, cpu, cuda, cuda:N or mps.
        labels: numbers of the classes whose boxes count; by default that of persons, else all.
        offline: use nothing but the cache; by default if $POSEKIT_OFFLINE is set.

    Raises:
        ValueError: if the model finds no boxes, or the name means no model.
        DownloadError: if released weights can be had from nowhere.
    """
    from posekit.zoo.model_files import files_of

    config, found_weights = files_of(name, weights, kind="detector", offline=offline)
    if config is None:
        from posekit.inference.detection import Detector

        return Detector.open(str(found_weights))
    from posekit.apis.detection import TorchDetector
    from posekit.apis.inference import init_model

    model = init_model(config, found_weights, device=device)
    if not hasattr(model, "bbox_head"):
        raise ValueError(f"{name}: this {type(model).__name__} finds no boxes and cannot be the detector")
    if labels is None:
        classes = model.dataset_meta["classes"]
        labels = [classes.index(PERSON)] if PERSON in classes else None
    return TorchDetector(model, labels)
