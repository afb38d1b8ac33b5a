"""ONNX files on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from posekit.console import first_line
from posekit.inference.networks.graph import CPU, Port


class OnnxGraph:
    """An ONNX file.

    Args:
        path: ONNX file.
        threads: number of threads ONNX Runtime may use; all by default.
        providers: ONNX Runtime's providers in order of preference, names or pairs of a name and its options.

    Raises:
        ValueError: if ONNX Runtime cannot open the file, or lacks a provider.
    """

    def __init__(self, path: Path, *, threads: int | None = None, providers: Sequence[Any] = CPU) -> None:
        self.source = str(path)
        self.session = open_session(path, threads, providers)
        self.inputs: Sequence[Port] = [port(tensor) for tensor in self.session.get_inputs()]
        self.outputs: Sequence[Port] = [port(tensor) for tensor in self.session.get_outputs()]
        self.metadata: Mapping[str, str] = self.session.get_modelmeta().custom_metadata_map

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        return self.session.run(None, {self.inputs[0].name: batch})  # pyright: ignore[reportReturnType]


def port(argument: Any) -> Port:
    """Return name and shape of an input or output; sizes that vary have a name, or none."""
    return Port(argument.name, tuple(size if isinstance(size, int) else None for size in argument.shape))


def open_session(path: Path, threads: int | None, providers: Sequence[Any]) -> ort.InferenceSession:
    """Open a model file.

    Raises:
        ValueError: if ONNX Runtime cannot use it, or lacks a provider.
    """
    names = [provider if isinstance(provider, str) else provider[0] for provider in providers]
    missing = [name for name in names if name not in ort.get_available_providers()]
    if missing:
        raise ValueError(
            f"ONNX Runtime has no {', '.join(missing)} here; available are {', '.join(ort.get_available_providers())}"
        )
    if "CUDAExecutionProvider" in names and hasattr(ort, "preload_dlls"):
        ort.preload_dlls()  # CUDA's libraries as pip installs them are not where the system looks
    options = ort.SessionOptions()
    options.log_severity_level = 3
    # Threads that spin while waiting slow down other work, such as decoding the next image.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        return ort.InferenceSession(str(path), options, providers=list(providers))
    except Exception as error:  # ONNX Runtime's exceptions share no base class
        raise ValueError(f"{path}: ONNX Runtime cannot open it ({first_line(error)})") from error
