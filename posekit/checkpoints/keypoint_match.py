"""Weights of one keypoint set for a model of another: rows of shared names are taken over, others start anew."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn


def keypoint_names(meta: Any) -> list[str]:
    """Return the names of a keypoint set, as ``dataset_meta`` lists them; none if it does not, or not properly."""
    names = meta.get("keypoint_id2name") if isinstance(meta, Mapping) else None
    if not isinstance(names, Mapping):
        return []
    by_id = {str(index): name for index, name in names.items()}  # JSON makes texts of the ids
    ordered = [by_id.get(str(index)) for index in range(len(by_id))]
    valid = all(isinstance(name, str) for name in ordered) and len(set(ordered)) == len(ordered)
    return [str(name) for name in ordered] if valid else []


def match_keypoints(
    model: nn.Module, state: Mapping[str, Tensor], before: Sequence[str], now: Sequence[str]
) -> dict[str, Tensor]:
    """Fit the layers whose outputs belong to keypoints.

    Args:
        model: its heads tell these layers by ``keypoint_layers``.
        state: weights by the model's keys.
        before: the names of the weights' keypoints, in order.
        now: those of the model's keypoints.

    Returns:
        The weights of these layers, with the model's own rows for keypoints that have no row in ``state``.
    """
    own = model.state_dict(keep_vars=True)
    fitted = {}
    for key, together in keypoint_keys(model):
        value, target = state.get(key), own[key]
        if value is None or not value.ndim or value.shape[1:] != target.shape[1:]:
            continue
        kinds, extra = divmod(len(value), len(before))
        if kinds and (kinds, extra) == divmod(len(target), len(now)):
            old = rows_by_name(before, kinds, extra, together)
            new = rows_by_name(now, kinds, extra, together)
            shared = [name for name in new if name in old]
            merged = target.detach().clone()
            merged[[row for name in shared for row in new[name]]] = value[
                [row for name in shared for row in old[name]]
            ].to(merged.dtype)
            fitted[key] = merged
    return fitted


def keypoint_keys(model: nn.Module) -> Iterator[tuple[str, bool]]:
    """Yield the keys of layers whose outputs belong to keypoints, and whether a keypoint's rows lie together."""
    for prefix, part in model.named_modules():
        patterns: Sequence[str] = getattr(part, "keypoint_layers", ())
        if not patterns:
            continue
        layer = re.compile(rf"(?:{'|'.join(patterns)})(?:\..+)?")
        for name in part.state_dict(keep_vars=True):
            if layer.fullmatch(name):
                yield f"{prefix}.{name}".lstrip("."), bool(part.keypoint_rows_together)


def rows_by_name(names: Sequence[str], kinds: int, extra: int, together: bool) -> dict[str | None, list[int]]:
    """Return each keypoint's rows, and under None the rows after them that belong to no keypoint."""
    table = torch.arange(kinds * len(names))
    table = table.unflatten(0, (-1, kinds)) if together else table.unflatten(0, (kinds, -1)).T
    return {**dict(zip(names, table.tolist(), strict=True)), None: [kinds * len(names) + i for i in range(extra)]}
