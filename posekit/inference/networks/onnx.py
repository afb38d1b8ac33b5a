"""Exported models on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from posekit.inference.networks.exported import ExportedNetwork
from posekit.inference.recipe import METADATA_KEY, Recipe

CPU = ("CPUExecutionProvider",)


class OnnxNetwork(ExportedNetwork):
    """A top-down model that ``posekit export`` wrote.

    Args:
        path: ONNX file.
        threads: number of threads ONNX Runtime may use; all by default.
        providers: ONNX Runtime's providers in order of preference, names or pairs of a name and its options.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no model that posekit exported, or ONNX Runtime lacks a provider.
    """

    def __init__(self, path: str | Path, *, threads: int | None = None, providers: Sequence[Any] = CPU) -> None:
        self.path = Path(path)
        self.session = open_session(self.path, threads, providers)
        text = self.session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if text is None:
            raise ValueError(
                f"{self.path}: has no posekit metadata; only files that `posekit export` wrote can be used"
            )
        super().__init__(Recipe.from_json(text, source=str(self.path)), str(self.path))
        self.input_name = self.session.get_inputs()[0].name

    def compute(self, crops: np.ndarray) -> Any:
        outputs = self.session.run(None, {self.input_name: crops})
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


def open_session(path: Path, threads: int | None, providers: Sequence[Any]) -> ort.InferenceSession:
    """Open a model file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if ONNX Runtime cannot use it, or lacks a provider.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such model file")
    names = [provider if isinstance(provider, str) else provider[0] for provider in providers]
    missing = [name for name in names if name not in ort.get_available_providers()]
    if missing:
        raise ValueError(
            f"ONNX Runtime has no {', '.join(missing)} here; available are {', '.join(ort.get_available_providers())}"
        )
    options = ort.SessionOptions()
    options.log_severity_level = 3
    # Threads that spin while waiting slow down whatever else runs, such as decoding the next image.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        return ort.InferenceSession(str(path), options, providers=list(providers))
    except Exception as error:  # ONNX Runtime's exceptions share no base class
        raise ValueError(f"{path}: ONNX Runtime cannot open it ({error})") from error
