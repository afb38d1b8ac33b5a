"""Writing weights as safetensors plus JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from posekit.files import write_atomically


def save_weights(
    path: str | os.PathLike[str], state: Mapping[str, Tensor], meta: Mapping[str, Any] | None = None
) -> Path:
    """Write weights to a ``.safetensors`` file, atomically, and what is known about them to a JSON file beside it.

    Args:
        path: the file; its suffix becomes ``.safetensors``.
        state: weights by key.
        meta: plain values, such as ``dataset_meta``; arrays become lists.

    Returns:
        The path of the weights.
    """
    path = Path(path).with_suffix(".safetensors")
    data, text = safetensors_bytes(state, meta or {})
    write_atomically(path, lambda file: file.write(data))
    write_atomically(path.with_suffix(".json"), lambda file: file.write(text))
    return path


def safetensors_bytes(state: Mapping[str, Tensor], meta: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Return the contents of a file of weights and of the JSON file beside it."""
    from safetensors.torch import save

    text = json.dumps(dict(meta), default=_plain, indent=1)
    return save(own_tensors(state), metadata={"format": "pt", "posekit": text}), text.encode()


def own_tensors(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights on the CPU that share no memory, which safetensors refuse and other files would hold whole."""
    return {key: value.detach().cpu().contiguous().clone() for key, value in state.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, Tensor):
        return value.detach().cpu().tolist()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"meta holds a {type(value).__name__}, which JSON cannot; give plain values and arrays")
