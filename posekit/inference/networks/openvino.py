"""ONNX and OpenVINO files on OpenVINO."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posekit.console import first_line
from posekit.inference.networks.graph import Port
from posekit.inference.recipe import DETECTOR_KEY, LIFTER_KEY, METADATA_KEY, ONE_STAGE_KEY

SECTION = "posekit"
"""Part of an OpenVINO file's runtime information that holds metadata; of an ONNX file it is ``framework``."""


class OpenVinoGraph:
    """A model file that OpenVINO computes on the CPU.

    Args:
        path: ONNX file, or the .xml of OpenVINO's two files.
        threads: number of threads; all by default.
        precision: precision of the computation: "fp32", "bf16" or "fp16".

    Raises:
        ModuleNotFoundError: if openvino is not installed.
        ValueError: if OpenVINO cannot open the file.
    """

    def __init__(self, path: Path, *, threads: int | None = None, precision: str = "fp32") -> None:
        openvino: Any = importlib.import_module("openvino")

        self.source = str(path)
        hints: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": PRECISIONS[precision]}
        if threads is not None:
            hints["INFERENCE_NUM_THREADS"] = threads
        core = openvino.Core()
        try:
            model = core.read_model(str(path))
            self.compiled = core.compile_model(model, "CPU", hints)
        except RuntimeError as error:
            raise ValueError(f"{path}: OpenVINO cannot open it ({first_line(error)})") from error
        self.inputs: Sequence[Port] = [port(tensor) for tensor in self.compiled.inputs]
        self.outputs: Sequence[Port] = [port(tensor) for tensor in self.compiled.outputs]
        self.metadata: Mapping[str, str] = metadata(model)

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        results = self.compiled(batch, share_inputs=True)
        return [results[index] for index in range(len(self.outputs))]


PRECISIONS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}


def port(output: Any) -> Port:
    """Return name and shape of an input or output."""
    sizes = output.partial_shape
    return Port(output.any_name, tuple(None if size.is_dynamic else size.get_length() for size in sizes))


def metadata(model: Any) -> dict[str, str]:
    """Return the texts that an ONNX file, or an OpenVINO file written by posekit, keeps."""
    known = {}
    for section in ("framework", SECTION):
        for key in (METADATA_KEY, DETECTOR_KEY, ONE_STAGE_KEY, LIFTER_KEY):
            if model.has_rt_info([section, key]):
                known[key] = model.get_rt_info([section, key]).astype(str)
    return known
