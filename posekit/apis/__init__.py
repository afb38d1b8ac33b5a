"""Inference in a few calls: trained models with torch, exported ones and the embedded default without."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posekit.apis.inference import inference_bottomup as inference_bottomup
    from posekit.apis.inference import inference_topdown as inference_topdown
    from posekit.apis.inference import init_model as init_model
    from posekit.runtime.pose_model import PoseModel as PoseModel

_HOMES = {
    "init_model": "posekit.apis.inference",
    "inference_topdown": "posekit.apis.inference",
    "inference_bottomup": "posekit.apis.inference",
    "PoseModel": "posekit.runtime.pose_model",
}

__all__ = list(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
