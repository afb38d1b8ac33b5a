"""From a checkpoint to a model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from posekit.checkpoints.download import download
from posekit.checkpoints.keypoint_match import match_keypoints
from posekit.checkpoints.read import read_file
from posekit.checkpoints.report import LoadReport, first_of
from posekit.checkpoints.torch_file import CheckpointError
from posekit.checkpoints.upgrade import training_only, unwrap, upgrade

MAIN = ("state_dict", "model", "model_state_dict")
AVERAGES = ("ema_state_dict", "state_dict_ema", "model_ema")
COUNTERS = ("steps", "n_averaged")
"""Tensors beside averaged weights that count how many went in."""


@dataclass(frozen=True)
class Checkpoint:
    """What a model needs of a checkpoint.

    Attributes:
        state: weights by key, without the prefixes of training wrappers.
        meta: whatever is known about them, such as ``dataset_meta``.
        source: origin of the weights.
    """

    state: dict[str, Tensor]
    meta: dict[str, Any]
    source: str


def open_checkpoint(source: str | os.PathLike[str], *, ema: bool | None = None) -> Checkpoint:
    """Read a checkpoint from a path or a URL without running anything it carries.

    Args:
        source: ``.pth``, ``.ckpt`` or ``.safetensors``.
        ema: True demands weights that were averaged over the training, False those that were not; by default
            the file's main weights, which are the averages where training kept them.

    Raises:
        FileNotFoundError: if there is no such file.
        CheckpointError: if the file is damaged, refused, or holds no such weights.
    """
    name = str(source)
    return checkpoint_of(read_file(download(name) if "://" in name else Path(source)), name, ema=ema)


def checkpoint_of(content: Any, name: str, *, ema: bool | None = None) -> Checkpoint:
    """Find weights and meta information in what a file holds; see ``open_checkpoint``."""
    state = _weights(content, ema)
    if not state:
        kind = {True: "EMA ", False: "unaveraged ", None: ""}[ema]
        raise CheckpointError(f"{name}: holds no {kind}weights; {_contents(content)}")
    meta = content.get("meta")
    return Checkpoint(unwrap(state), dict(meta) if isinstance(meta, Mapping) else {}, name)


def read_checkpoint(source: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the weights of a checkpoint by key; see ``open_checkpoint``."""
    return open_checkpoint(source).state


def _weights(content: Any, ema: bool | None) -> dict[str, Tensor]:
    """Find the weights: under their usual names, or the content itself."""
    if not isinstance(content, Mapping):
        return {}
    main = next((content[name] for name in MAIN if isinstance(content.get(name), Mapping)), content)
    averages = next((content[name] for name in AVERAGES if isinstance(content.get(name), Mapping)), {})
    trained = main
    if "steps" in averages:  # MMEngine and posekit swap the two, so that the main weights are the averages
        trained = {**main, **{str(key).removeprefix("module."): value for key, value in averages.items()}}
        averages = main
    chosen = {None: main, True: averages, False: trained}[ema]
    return {
        key: value
        for key, value in chosen.items()
        if isinstance(key, str) and isinstance(value, Tensor) and key not in COUNTERS
    }


def _contents(content: Any) -> str:
    if isinstance(content, Mapping):
        return f"it has the entries {first_of(list(content)) or 'none'}"
    return f"it is a {type(content).__name__}, not a dict"


@torch.no_grad()
def load_into(
    model: nn.Module,
    state: Mapping[str, Tensor],
    *,
    prefix: str = "",
    strict: bool = False,
    source: str = "",
    keypoints: tuple[Sequence[str], Sequence[str]] | None = None,
) -> LoadReport:
    """Copy weights into a model, as far as keys and shapes agree.

    Args:
        model: what to load into.
        state: weights by key.
        prefix: take only the keys below it, without it.
        strict: demand that all keys and shapes agree.
        source: name for messages.
        keypoints: names of the keypoints of the weights and of the model. Where they differ, the rows of layers
            whose outputs belong to keypoints are matched by name; without names they count as equal.

    Returns:
        What was loaded and what was not.

    Raises:
        CheckpointError: if nothing fits, or more keys are foreign than fit while parts of the model stay
            without weights; with ``strict`` if anything does not fit.
    """
    if prefix:
        head = prefix.rstrip(".") + "."
        state = {key[len(head) :]: value for key, value in state.items() if key.startswith(head)}
    parameters = model.state_dict(keep_vars=True)
    report = LoadReport(source, left_out=training_only(state, parameters.keys()))
    state = _fitted(model, upgrade(state, parameters.keys()))
    before, now = map(list, keypoints or ([], []))
    if before and now and before != now and (matched := match_keypoints(model, state, before, now)):
        state |= matched
        report.carried = [name for name in now if name in before]
        report.fresh = [name for name in now if name not in before]
    for key, target in parameters.items():
        value = state.get(key)
        if value is None:
            if not key.endswith("num_batches_tracked"):  # files of torch before 0.4.1 lack these counters
                report.missing.append(key)
        elif value.shape != target.shape:
            report.wrong_shape.append(f"{key} {tuple(value.shape)} instead of {tuple(target.shape)}")
        else:
            target.copy_(value)
            report.loaded.append(key)
    report.unexpected = [key for key in state if key not in parameters]
    _judge(report, model, strict=strict)
    return report


def _fitted(model: nn.Module, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Let parts of the model fit what depends on the size of images, such as positions of patches."""
    for name, part in model.named_modules():
        if fit := getattr(part, "fit_state", None):
            prefix = f"{name}." if name else ""
            inside = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
            state = {**state, **{prefix + key: value for key, value in fit(inside).items()}}
    return state


def _judge(report: LoadReport, model: nn.Module, *, strict: bool) -> None:
    name = type(model).__name__
    gaps = len(report.missing) + len(report.wrong_shape)
    foreign = len(report.unexpected) + len(report.wrong_shape)
    if gaps and not (foreign or report.loaded):
        raise CheckpointError(f"{report.source or 'state'}: holds no weights for this {name}\n{report}")
    if gaps and foreign > len(report.loaded):
        raise CheckpointError(f"these weights belong to another model than this {name}\n{report}")
    if strict and not report.is_complete:
        raise CheckpointError(f"these weights do not fit this {name} exactly\n{report}")
