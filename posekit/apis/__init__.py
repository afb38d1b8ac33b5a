"""Inference in a few calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from posekit.apis.inference import inference_bottomup, inference_topdown, init_model

__all__ = ["inference_bottomup", "inference_topdown", "init_model"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from posekit.apis import inference

    return getattr(inference, name)
