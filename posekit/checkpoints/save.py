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
    from safetensors.torch import save

    path = Path(path).with_suffix(".safetensors")
    text = json.dumps(dict(meta or {}), default=_plain, indent=1)
    # Tensors that share memory are refused by safetensors, so each key gets its own.
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in state.items()}
    data = save(tensors, metadata={"format": "pt", "posekit": text})
    write_atomically(path, lambda file: file.write(data))
    write_atomically(path.with_suffix(".json"), lambda file: file.write(text.encode()))
    return path


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, Tensor):
        return value.detach().cpu().tolist()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"meta holds a {type(value).__name__}, which JSON cannot; give plain values and arrays")
