"""What is in a checkpoint."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from posekit.checkpoints.download import download
from posekit.checkpoints.keypoint_match import keypoint_names
from posekit.checkpoints.load import checkpoint_of
from posekit.checkpoints.read import read_file
from posekit.checkpoints.torch_file import ZIP_START

TOLD = ("epoch", "iter", "time", "seed", "experiment_name")
"""Entries of the meta information worth a line, besides versions."""


@dataclass(frozen=True)
class Contents:
    """What is in a checkpoint file.

    Attributes:
        kind: kind of the file, in words.
        size: size in bytes.
        sha256: SHA-256 of the file, in hexadecimal digits.
        entries: entries at the top level.
        told: what the meta information tells, by name.
        model: types of the model and its parts, as the config in the file names them; empty without one.
        dataset: name of the keypoint set.
        keypoints: its keypoints.
        weights: weights by key, without the prefixes of training wrappers.
        not_finite: keys of weights with NaN or infinite values.
    """

    kind: str
    size: int
    sha256: str
    entries: list[str]
    told: dict[str, str]
    model: dict[str, str]
    dataset: str
    keypoints: list[str]
    weights: dict[str, Tensor]
    not_finite: list[str]


def inspect_checkpoint(source: str | os.PathLike[str]) -> Contents:
    """Read a checkpoint and collect what is in it.

    Args:
        source: path or URL.

    Raises:
        FileNotFoundError: if there is no such file.
        CheckpointError: if it is damaged, refused, or holds no weights.
    """
    name = str(source)
    path = download(name) if "://" in name else Path(source)
    content = read_file(path)
    checkpoint = checkpoint_of(content, name)
    meta = checkpoint.meta
    dataset = meta.get("dataset_meta")
    return Contents(
        kind=file_kind(path),
        size=path.stat().st_size,
        sha256=file_digest(path),
        entries=[str(entry) for entry in content] if "state_dict" in content else ["weights alone"],
        told={str(key): str(value) for key, value in meta.items() if is_told(key, value)},
        model=model_types(meta.get("cfg") or meta.get("config")),
        dataset=str(dataset.get("dataset_name", "")) if isinstance(dataset, Mapping) else "",
        keypoints=keypoint_names(dataset),
        weights=checkpoint.state,
        not_finite=not_finite(checkpoint.state),
    )


def is_told(key: Any, value: Any) -> bool:
    return isinstance(value, (str, int, float)) and (key in TOLD or "version" in str(key))


def file_kind(path: Path) -> str:
    if path.suffix == ".safetensors":
        return "safetensors"
    with path.open("rb") as file:
        return "torch, zip format" if file.read(len(ZIP_START)) == ZIP_START else "torch, format before 1.6"


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def not_finite(state: Mapping[str, Tensor]) -> list[str]:
    """Return the keys of weights with NaN or infinite values; those that share numbers are looked at once."""
    known: dict[tuple[Any, ...], bool] = {}
    keys = []
    for key, value in state.items():
        place = (value.data_ptr(), value.dtype, tuple(value.shape), value.stride())
        if place not in known:
            known[place] = is_finite(value)
        keys += [] if known[place] else [key]
    return keys


def is_finite(value: Tensor) -> bool:
    if not (value.is_floating_point() or value.is_complex()):
        return True
    return bool(torch.isfinite(value if value.itemsize > 1 else value.float()).all())


def model_types(text: Any) -> dict[str, str]:
    """Return the types that a config names for the model and its parts; empty if it is no readable config."""
    from posekit.config import ConfigError, loads

    if not isinstance(text, str):
        return {}
    try:
        model = loads(text, name="the checkpoint's config").get("model")
    except ConfigError:
        return {}
    if not isinstance(model, Mapping):
        return {}
    parts = {"model": model, **{part: model.get(part) for part in ("backbone", "neck", "head")}}
    return {name: str(part["type"]) for name, part in parts.items() if isinstance(part, Mapping) and "type" in part}
