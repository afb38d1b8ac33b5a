"""The models that ``posekit predict`` is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from posekit.inference.lifting import LiftingPredictor
    from posekit.inference.predictor import Predictor
    from posekit.inference.smoothed_tracks import SmoothedTracks


ConfigFile = Annotated[Path | None, typer.Option(help="Config of a trained model, with --checkpoint.")]
Weights = Annotated[str | None, typer.Option(help="Weights of --config, a path or URL.")]
MaxPeople = Annotated[int | None, typer.Option(min=1, help="Largest number of people in an image.")]
Offline = Annotated[bool, typer.Option("--offline", help="Take released models from the cache only.")]
SameDetector = Annotated[
    str | None,
    typer.Option(metavar="people|whole|NAME|FILE", help="Detector that finds the boxes, as for posekit predict."),
]
"""The detector, in commands beside ``posekit predict``, whose help tells more."""


def open_predictor(
    model: Path | None,
    config: Path | None,
    checkpoint: str | None,
    device: str,
    threads: int | None,
    **options: Any,
) -> Predictor:
    """Open a released or exported model, or build that of a config; ``options`` are those of ``pose.open_predictor``.

    Raises:
        ValueError: if the options contradict each other, or there is no such device.
        DownloadError: if released weights can be had from nowhere.
    """
    from posekit.apis import pose

    if model is not None and (config is not None or checkpoint is not None):
        raise ValueError("give --model or --config with --checkpoint, not both")
    if checkpoint is not None and config is None:
        raise ValueError("--checkpoint belongs to a --config; give that as well")
    return pose.open_predictor(config or model, checkpoint, device, threads, **options)


def open_with_detector(
    model: Path | None,
    config: Path | None,
    checkpoint: str | None,
    detector: str | None,
    device: str,
    threads: int | None,
    *,
    opening: Mapping[str, Any] | None = None,
    finding: Mapping[str, Any] | None = None,
) -> Predictor:
    """Open a model as ``open_predictor`` does, and what finds its boxes.

    Args:
        opening: further options of ``open_predictor``.
        finding: further options of ``find_boxes``.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if one of them cannot be used, or the options contradict each other.
        DownloadError: if released weights can be had from nowhere.
    """
    predictor = open_predictor(model, config, checkpoint, device, threads, **(opening or {}))
    find_boxes(predictor, detector, model=model or config, device=device, threads=threads, **(finding or {}))
    return predictor


def open_lifter(
    config: Path | None,
    checkpoint: str | None,
    device: str,
    predictor: Predictor,
    *,
    threads: int | None = None,
    offline: bool | None = None,
) -> LiftingPredictor | None:
    """Open a pose lifter, if there is one: a released one, an exported one or that of a config.

    Raises:
        ValueError: if the lifter has no weights, the config or file is none of a lifter, or the lifter's joints cannot
            be made of what the predictor finds.
        DownloadError: if released weights can be had from nowhere.
    """
    if config is None:
        if checkpoint is not None:
            raise ValueError("--lift-checkpoint belongs to a config; give that with --lift")
        return None
    from posekit.zoo.model_files import files_of

    source, weights = files_of(config, checkpoint, offline=offline)
    if source is None and weights is not None:
        from posekit.inference.devices import onnx_providers
        from posekit.inference.model_file import open_lifter as open_file

        lifter = open_file(weights, threads=threads, providers=onnx_providers(device))
    else:
        from posekit.apis.inference import init_model, lifter_of

        lifter = lifter_of(init_model(source, weights, device=device))  # pyright: ignore[reportArgumentType]
    lifter.check(predictor.metainfo)
    return lifter


def find_boxes(
    predictor: Predictor, detector: str | None, *, model: Path | None, detect_every: int = 1, **options: Any
) -> None:
    """Let a predictor look for boxes.

    Args:
        predictor: is changed.
        detector: as for ``add_detector``.
        model: what the predictor was opened from.
        detect_every: as the option.
        options: as for ``add_detector``; those that are None do not count.

    Raises:
        ValueError: if the detector cannot be used, or there is none and options ask for one.
    """
    from posekit.apis.boxes import add_detector
    from posekit.inference.people import DetectedPeople
    from posekit.inference.top_down import TopDownPredictor

    add_detector(predictor, detector, model=model, **options)
    if (options.get("classes") or detect_every > 1) and not isinstance(predictor.prepare, DetectedPeople):
        is_top_down = isinstance(predictor, TopDownPredictor)
        why = "looks at the whole image" if is_top_down else "finds everybody by itself"
        raise ValueError(f"--classes and --detect-every are about a detector, and this model {why}; see --detector")


def smoothing_of(name: str | None, *, track: bool) -> Callable[[float], SmoothedTracks] | None:
    """Return what makes the smoothing of a video, given its frame rate.

    Raises:
        ValueError: if there is no such filter, or there are no tracks.
    """
    from posekit.inference.smoothed_tracks import smoothed_tracks

    if name is None:
        return None
    if not track:
        raise ValueError("--smooth smooths tracks, and --no-track makes none: give one of them")
    smoothed_tracks(name, 30.0)  # a wrong name is told before there is work to lose
    return partial(smoothed_tracks, name)
