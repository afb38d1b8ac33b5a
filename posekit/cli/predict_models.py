"""The models that ``posekit predict`` is given."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posekit.inference.lifting import LiftingPredictor
    from posekit.inference.predictor import Predictor
    from posekit.inference.smoothed_tracks import SmoothedTracks


def open_predictor(
    model: Path | None, config: Path | None, checkpoint: str | None, device: str, threads: int | None
) -> Predictor:
    """Open the exported model, or build that of a config.

    Raises:
        ValueError: if the options contradict each other, or there is no such device.
    """
    from posekit.apis import pose

    if (config is None) != (checkpoint is None):
        raise ValueError("--config and --checkpoint belong together: give both, or an exported --model")
    if config is not None and model is not None:
        raise ValueError("give --model or --config with --checkpoint, not both")
    return pose.open_predictor(config or model, checkpoint, device, threads)


def open_lifter(
    config: Path | None, checkpoint: str | None, device: str, predictor: Predictor
) -> LiftingPredictor | None:
    """Build the pose lifter of a config, if there is one.

    Raises:
        ValueError: if config or checkpoint is missing, the config is none of a lifter, or the lifter's joints cannot
            be made of what the predictor finds.
    """
    if (config is None) != (checkpoint is None):
        raise ValueError("--lift and --lift-checkpoint belong together: give both")
    if config is None:
        return None
    from posekit.apis.inference import init_model, lifter_of

    lifter = lifter_of(init_model(config, checkpoint, device=device))
    lifter.check(predictor.metainfo)
    return lifter


def find_boxes(predictor: Predictor, detector: str, detect_every: int, **options: Any) -> None:
    """Let a predictor look for boxes.

    Args:
        predictor: is changed.
        detector: as for ``look_for_people``.
        detect_every: as the option.
        options: as for ``look_for_people``; those that are None do not count.

    Raises:
        ValueError: if the detector cannot be used, or there is none and options ask for one.
    """
    from posekit.inference.people import WHOLE, look_for_people
    from posekit.inference.top_down import TopDownPredictor

    is_top_down = isinstance(predictor, TopDownPredictor)
    if not is_top_down or detector == WHOLE:
        if options.get("classes") or detect_every > 1:
            why = "looks at the whole image" if is_top_down else "finds everybody by itself"
            raise ValueError(f"--classes and --detect-every are about a detector, and this model {why}; see --detector")
        return
    look_for_people(predictor, detector, **options)


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
