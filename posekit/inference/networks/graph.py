"""Model files as functions of arrays, independent of the runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from posekit.console import first_line

CPU = ("CPUExecutionProvider",)
OPENVINO = "OpenVINO"
"""Among ONNX Runtime's providers: the package openvino computes instead."""


class Port(NamedTuple):
    """An input or output: its name, and its shape with None for sizes that vary."""

    name: str
    shape: tuple[int | None, ...]


class Graph(Protocol):
    """A model file that has been opened.

    Attributes:
        source: the file, for messages.
        inputs: what it takes.
        outputs: what it gives.
        metadata: texts that the file keeps.
    """

    source: str
    inputs: Sequence[Port]
    outputs: Sequence[Port]
    metadata: Mapping[str, str]

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        """Return all outputs for the one input."""
        ...


def open_graph(path: str | Path, *, threads: int | None = None, providers: Sequence[Any] | None = None) -> Graph:
    """Open a model file.

    Args:
        path: ONNX file, or the .xml of OpenVINO's files.
        threads: number of threads; all by default.
        providers: ONNX Runtime's providers in order of preference, names or pairs of a name and its options; the CPU
            by default. ``OpenVINO`` leaves the file to the package openvino.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file cannot be opened, or a provider is missing.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such model file")
    openvino = [name for name in providers or () if (name if isinstance(name, str) else name[0]) == OPENVINO]
    if openvino or path.suffix == ".xml":
        from posekit.inference.networks.openvino import OpenVinoGraph

        options = dict(openvino[0][1]) if openvino and not isinstance(openvino[0], str) else {}
        graph: Graph = OpenVinoGraph(path, threads=threads, **options)
    else:
        from posekit.inference.networks.onnx import OnnxGraph

        graph = OnnxGraph(path, threads=threads, providers=providers or CPU)
    return graph


def check_input(graph: Graph) -> None:
    """Raise ValueError unless a file takes images (B, 3, h, w)."""
    shapes = [port.shape for port in graph.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][1] not in (3, None):
        text = ", ".join(f"{port.name} {list(port.shape)}" for port in graph.inputs)
        raise ValueError(f"{graph.source}: takes {text or 'nothing'}; expected one input of images (batch, 3, h, w)")


def input_size(graph: Graph) -> tuple[int | None, int | None]:
    """Return (w, h) of the images that a file takes, None for sizes that vary."""
    shape = graph.inputs[0].shape
    return shape[3], shape[2]


def check_input_shape(graph: Graph, shape: Sequence[int]) -> None:
    """Raise ValueError unless a file has one input (batch, ...) of this shape, whose sizes may vary."""
    known = [port.shape[1:] for port in graph.inputs]
    if (
        len(known) != 1
        or len(known[0]) != len(shape)
        or any(fixed not in (None, wanted) for fixed, wanted in zip(known[0], shape, strict=True))
    ):
        text = ", ".join(f"{port.name} {list(port.shape)}" for port in graph.inputs)
        raise ValueError(
            f"{graph.source}: takes {text or 'nothing'}, but its metadata tells of one input [batch, "
            f"{', '.join(map(str, shape))}]; export it again"
        )


def check_input_size(graph: Graph, size_wh: tuple[int, int]) -> None:
    """Raise ValueError unless a file takes images of the size that its metadata names."""
    for fixed, named in zip(input_size(graph), size_wh, strict=True):
        if fixed not in (None, named):
            width, height = input_size(graph)
            raise ValueError(
                f"{graph.source}: its metadata names input_size {list(size_wh)}, but it takes images of "
                f"{width}x{height} pixels; export it again"
            )


def trial_outputs(graph: Graph, shape: Sequence[int]) -> list[np.ndarray]:
    """Return zeros of the shapes that the outputs have for one input; the file runs only if it does not tell them.

    Args:
        graph: the file.
        shape: of the input without its batch dimension, such as (3, h, w).

    Raises:
        ValueError: if it cannot run on inputs of this shape.
    """
    known = [port.shape[1:] for port in graph.outputs]
    if all(sizes and None not in sizes for sizes in known):
        return [np.zeros((1, *(size for size in sizes if size is not None)), np.float32) for sizes in known]
    try:
        return [np.zeros_like(output) for output in graph.run(np.zeros((1, *shape), np.float32))]
    except Exception as error:  # runtimes' exceptions share no base class
        raise ValueError(
            f"{graph.source}: cannot compute an input of the shape {list(shape)} ({first_line(error)})"
        ) from error


def run_in_batches(graph: Graph, images: np.ndarray) -> list[np.ndarray]:
    """Return all outputs for images (B, 3, h, w), by the number that a file takes at once if that is fixed."""
    fixed = graph.inputs[0].shape[0]
    if fixed in (None, len(images)):
        return graph.run(images)
    parts = []
    for start in range(0, len(images), fixed):
        part = images[start : start + fixed]
        missing = fixed - len(part)
        whole = np.concatenate([part, np.zeros((missing, *part.shape[1:]), part.dtype)]) if missing else part
        parts.append([output[: len(part)] for output in graph.run(whole)])
    return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]
