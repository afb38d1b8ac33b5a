"""MPJPE as Human3.6M reports it: over everything and by action."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from posekit.evaluation.metrics.base import look_up
from posekit.evaluation.metrics.simple_mpjpe import SimpleMPJPE
from posekit.registry import METRICS


@METRICS.register_module()
class MPJPE(SimpleMPJPE):
    """Mean per-joint position error, also for each action named in the frames' file names.

    Human3.6M names frames ``S9_Walking_1.54138969_000001.jpg``: subject, action, camera, number.
    """

    def recording(self, sample: Any) -> str:
        """Return subject and action from the path of the frame that is lifted."""
        paths = look_up(sample, "target_img_path")
        if not paths:
            raise ValueError(
                f"MPJPE: sample {look_up(sample, 'id')} has no target_img_path; use SimpleMPJPE without it"
            )
        return PurePath(str(paths[0])).name.split(".")[0]
