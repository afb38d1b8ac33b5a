"""The models that ``posekit predict`` is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from posekit.inference.lifting import LiftingPredictor
    from posekit.inference.predictor import Predictor


def open_predictor(
    model: Path | None,
    config: Path | None,
    checkpoint: str | None,
    device: str,
    threads: int | None,
    *,
    offline: bool | None = None,
) -> Predictor:
    """Open a released or exported model, or build that of a config.

    Raises:
        ValueError: if the options contradict each other, or there is no such device.
        DownloadError: if released weights can be had from nowhere.
    """
    from posekit.apis import pose

    if model is not None and (config is not None or checkpoint is not None):
        raise ValueError("give --model or --config with --checkpoint, not both")
    if checkpoint is not None and config is None:
        raise ValueError("--checkpoint belongs to a --config; give that as well")
    return pose.open_predictor(config or model, checkpoint, device, threads, offline=offline)


def open_lifter(
    config: Path | None,
    checkpoint: str | None,
    device: str,
    predictor: Predictor,
    *,
    offline: bool | None = None,
) -> LiftingPredictor | None:
    """Build a pose lifter, if there is one: a released one or that of a config.

    Raises:
        ValueError: if the lifter has no weights, the config is none of a lifter, or the lifter's joints cannot be made
            of what the predictor finds.
        DownloadError: if released weights can be had from nowhere.
    """
    if config is None:
        if checkpoint is not None:
            raise ValueError("--lift-checkpoint belongs to a config; give that with --lift")
        return None
    from posekit.apis.inference import init_model, lifter_of
    from posekit.zoo.model_files import files_of

    found, weights = files_of(config, checkpoint, offline=offline)
    if found is None:
        raise ValueError(f"--lift {config}: exported models cannot lift; give a config or a released lifter")
    lifter = lifter_of(init_model(found, weights, device=device))
    lifter.check(predictor.metainfo)
    return lifter
