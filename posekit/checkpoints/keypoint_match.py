"""Weights of one keypoint set for a model of another: rows of shared names are taken over, others start anew."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class KeypointLayer(NamedTuple):
    """A weight with rows of keypoints; see BaseHead for what its head says of it."""

    key: str
    together: bool
    mixes: bool
    share: tuple[int, int]


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
    parameters = model.state_dict(keep_vars=True)
    fitted = {}
    for layer in keypoint_layers(model):
        value, target = state.get(layer.key), parameters[layer.key]
        old, new = share_of(before, layer.share), share_of(now, layer.share)
        if value is None or not 0 < value.ndim == target.ndim or not (old and new):
            continue
        axes = 2 if layer.mixes and value.ndim > 1 else 1
        places = [
            shared_places(value.shape[axis], target.shape[axis], old, new, layer.together) for axis in range(axes)
        ]
        has_keypoints = max(value.shape[:axes]) >= len(old)
        if has_keypoints and all(places) and value.shape[axes:] == target.shape[axes:]:
            olds, news = zip(*filter(None, places), strict=True)
            merged = target.detach().clone()
            merged[grid(news)] = value[grid(olds)].to(merged.dtype)
            fitted[layer.key] = merged
    return fitted


def keypoint_layers(model: nn.Module) -> Iterator[KeypointLayer]:
    """Yield the weights whose rows belong to keypoints."""
    for prefix, part in model.named_modules():
        patterns: Sequence[str] = getattr(part, "keypoint_layers", ())
        if not patterns:
            continue
        mixing: Sequence[str] = getattr(part, "keypoint_mixing_layers", ())
        share: tuple[int, int] = getattr(part, "keypoint_share", (0, 1))
        rows, columns = (re.compile(rf"(?:{'|'.join(names)})(?:\..+)?") for names in (patterns, mixing or ("$^",)))
        for name in part.state_dict(keep_vars=True):
            if rows.fullmatch(name):
                mixes = columns.fullmatch(name) is not None
                key = f"{prefix}.{name}".lstrip(".")
                yield KeypointLayer(key, bool(part.keypoint_rows_together), mixes, share)


def share_of(names: Sequence[str], share: tuple[int, int]) -> Sequence[str]:
    """Return one of equal parts of names; none where they cannot be shared evenly."""
    index, count = share
    length, rest = divmod(len(names), count)
    return [] if rest else names[index * length : (index + 1) * length]


def shared_places(
    size_before: int, size_now: int, before: Sequence[str], now: Sequence[str], together: bool
) -> tuple[list[int], list[int]] | None:
    """Return where shared keypoints, and all that belongs to none, lie on an axis; None if there is no such order."""
    kinds, extra = divmod(size_before, len(before))
    if (kinds, extra) != divmod(size_now, len(now)):
        return None
    old, new = (rows_by_name(names, kinds, extra, together) for names in (before, now))
    shared = [name for name in new if name in old]
    return [row for name in shared for row in old[name]], [row for name in shared for row in new[name]]


def grid(places: Sequence[Sequence[int]]) -> tuple[Tensor, ...]:
    """Return the index of all combinations of places on the first axes."""
    return torch.meshgrid(*(torch.as_tensor(indices, dtype=torch.long) for indices in places), indexing="ij")


def rows_by_name(names: Sequence[str], kinds: int, extra: int, together: bool) -> dict[str | None, list[int]]:
    """Return each keypoint's rows, and under None the rows after them that belong to no keypoint."""
    count = len(names)
    table = torch.arange(kinds * count)
    table = table.reshape(count, kinds) if together else table.reshape(kinds, count).T
    return {**dict(zip(names, table.tolist(), strict=True)), None: [kinds * count + i for i in range(extra)]}
