"""What is in a checkpoint, without torch."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posekit.checkpoints.checkpoint import checkpoint_of, keypoint_names
from posekit.checkpoints.download import download
from posekit.checkpoints.read import read_file
from posekit.checkpoints.stand_ins import StandIns
from posekit.checkpoints.tensors import ITEMSIZES, StoredTensor
from posekit.checkpoints.torch_file import ZIP_START

TOLD = ("epoch", "iter", "time", "seed", "experiment_name")
"""Entries of the meta information worth a line, besides versions."""
NUMPY_FLOATS = ("float16", "float32", "float64", "complex64", "complex128")
NOT_FINITE = {
    "bfloat16": ((0x7F80, 0x7F80),),
    "complex32": ((0x7C00, 0x7C00), (0x7C00_0000, 0x7C00_0000)),
    "float8_e5m2": ((0x7C, 0x7C),),
    "float8_e4m3fn": ((0x7F, 0x7F),),
    "float8_e8m0fnu": ((0xFF, 0xFF),),
    **dict.fromkeys(("float8_e5m2fnuz", "float8_e4m3fnuz"), ((0xFF, 0x80),)),
}
"""Bits that numpy does not know as floats: masks, and what they leave of NaN and infinite values."""


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
    weights: dict[str, StoredTensor]
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
    content = read_file(path, StandIns())
    checkpoint = checkpoint_of(content, name, StoredTensor)
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


def not_finite(state: Mapping[str, StoredTensor]) -> list[str]:
    """Return the keys of weights with NaN or infinite values; those that share numbers are looked at once."""
    known: dict[tuple[Any, ...], bool] = {}
    keys = []
    for key, value in state.items():
        if value.place not in known:
            known[value.place] = is_finite(value)
        keys += [] if known[value.place] else [key]
    return keys


def is_finite(value: StoredTensor) -> bool:
    """Whether no number is NaN or infinite."""
    if 0 in value.shape:
        return True
    if value.dtype in NUMPY_FLOATS:
        return bool(np.isfinite(value.numbers(value.dtype)).all())
    bits = value.numbers(f"u{ITEMSIZES[value.dtype]}") if value.dtype in NOT_FINITE else np.zeros(0, np.uint8)
    return not any(((bits & mask) == pattern).any() for mask, pattern in NOT_FINITE.get(value.dtype, ()))


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
