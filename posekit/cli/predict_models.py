"""The models that ``posekit predict`` is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from posekit.inference.lifting import LiftingPredictor
    from posekit.inference.predictor import Predictor


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
