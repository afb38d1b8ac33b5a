"""From a checkpoint to a model."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from posekit.checkpoints.checkpoint import Checkpoint, checkpoint_of
from posekit.checkpoints.download import download
from posekit.checkpoints.keypoint_match import match_keypoints
from posekit.checkpoints.read import read_file
from posekit.checkpoints.report import LoadReport
from posekit.checkpoints.torch_file import CheckpointError
from posekit.checkpoints.upgrade import training_only, upgrade


def open_checkpoint(source: str | os.PathLike[str], *, ema: bool | None = None) -> Checkpoint[Tensor]:
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
    content = read_file(download(name) if "://" in name else Path(source))
    return checkpoint_of(content, name, Tensor, ema=ema)


def read_checkpoint(source: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the weights of a checkpoint by key; see ``open_checkpoint``."""
    return open_checkpoint(source).state


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
