"""The forms of exported files: posekit's own, and MMDeploy's, which other projects open."""

from __future__ import annotations

from typing import Any

from posekit.console import suggestion
from posekit.inference.recipe import Pixels

POSEKIT, MMDEPLOY = "posekit", "mmdeploy"
LAYOUTS = (POSEKIT, MMDEPLOY)
"""``posekit`` takes raw pixels; ``mmdeploy`` takes normalised ones, names its outputs as MMDeploy does, and detectors
have their NMS inside."""


def check_layout(layout: str) -> None:
    """Raise ValueError for the name of no layout."""
    if layout not in LAYOUTS:
        raise ValueError(
            f"layout '{layout}': no such form of a file; {suggestion(layout, LAYOUTS, otherwise='there are')}"
        )


def pixels_of_model(model: Any) -> Pixels:
    """Return what a model wants of its input's pixels, which its data preprocessor does in training."""
    preprocessor = model.data_preprocessor
    mean, std = (values.flatten().tolist() for values in (preprocessor.mean, preprocessor.std))
    to_rgb = bool(preprocessor.swap_channels)
    if not any(mean) and set(std) == {1.0}:
        return Pixels(to_rgb=to_rgb)
    mean, std = (tuple(values) * (3 // len(values)) for values in (mean, std))
    return Pixels(mean=mean, std=std, to_rgb=to_rgb)


def pixels_of_file(model: Any, layout: str) -> Pixels:
    """Return what an exported file wants of its input's pixels."""
    return pixels_of_model(model) if layout == MMDEPLOY else Pixels()
