"""Key rewrites that let files of older versions fit today's models."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from torch import Tensor

WRAPPERS = ("module.", "_orig_mod.", "model.")
_STACKED_FINAL = re.compile(r"^(head\.final_layer\.)(\d+)\.(\w+)$")


def unwrap(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Drop the prefixes that data parallel training, compilation and training tasks put before every key."""
    state = dict(state)
    while state:
        wrapper = next((prefix for prefix in WRAPPERS if all(key.startswith(prefix) for key in state)), None)
        if wrapper is None:
            break
        state = {key[len(wrapper) :]: value for key, value in state.items()}
    return state


def upgrade(state: Mapping[str, Tensor], wanted: Collection[str]) -> dict[str, Tensor]:
    """Rewrite the keys of older files.

    Args:
        state: weights by key, without wrappers.
        wanted: the keys of the model they are for; a rewrite that depends on the model aims at them.
    """
    upgraded = {_new_name(key): value for key, value in state.items() if not key.startswith("data_preprocessor.")}
    upgraded = _unstack_final_layer(upgraded)
    return {_nested_name(key, wanted): value for key, value in upgraded.items()}


def _new_name(key: str) -> str:
    """Rename what has another name since 1.0: the head, and the losses inside it."""
    if key.startswith("keypoint_head."):
        key = key.removeprefix("keypoint_")
    if key.startswith("head.loss."):
        key = key.replace("head.loss.", "head.loss_module.", 1)
    return key


def _unstack_final_layer(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Split the stack that was once ``final_layer`` into ``conv_layers`` and the last convolution."""
    stacked = {key: match for key in state if (match := _STACKED_FINAL.match(key))}
    last = max((int(match[2]) for match in stacked.values()), default=None)
    renamed = {}
    for key, value in state.items():
        if match := stacked.get(key):
            is_last = int(match[2]) == last
            key = f"head.final_layer.{match[3]}" if is_last else f"head.conv_layers.{match[2]}.{match[3]}"
        renamed[key] = value
    return renamed


def _nested_name(key: str, wanted: Collection[str]) -> str:
    """Move layers of regression heads into the heatmap head that holds them now."""
    if key in wanted or not key.startswith("head."):
        return key
    nested = key.replace("head.", "head.simplebaseline_head.", 1)
    candidates = (nested, nested.replace(".conv_layers.", ".deconv_layers.", 1))
    return next((name for name in candidates if name in wanted), key)
