"""Exported model files: their layouts, and writing that shows a file only once it has been checked."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from posekit.console import suggestion
from posekit.files import naming
from posekit.inference.recipe import Pixels

Verdict = TypeVar("Verdict")

ONNX, OPENVINO = ".onnx", ".xml"

POSEKIT, MMDEPLOY = "posekit", "mmdeploy"

LAYOUTS = (POSEKIT, MMDEPLOY)
"""``posekit`` takes raw pixels; ``mmdeploy`` takes normalised ones, names its outputs as MMDeploy does, and detectors
have their NMS inside."""


def write_checked(path: Path, write: Callable[[Path], object], check: Callable[[Path], Verdict]) -> Verdict:
    """Write a model file beside its place, check it and move it there.

    Args:
        path: the file; ``.xml`` for OpenVINO's, whose weights lie in a ``.bin`` beside it.
        write: writes the model as ONNX.
        check: opens the file and returns what it finds; it raises an error where the file must not stay.

    Raises:
        OSError: if it cannot be written, for example because the disk is full; it names ``path``.
        ModuleNotFoundError: if OpenVINO's files are wanted and openvino is not installed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}.") as folder:
        file = Path(folder) / f"{path.stem}{ONNX}"
        write(file)
        parts = [file]
        if path.suffix == OPENVINO:
            file, weights = (file.with_suffix(suffix) for suffix in (OPENVINO, ".bin"))
            convert_to_openvino(parts[0], file)
            parts = [weights, file]
        verdict = check(file)
        for part in parts:
            part.replace(path.with_suffix(part.suffix))
    return verdict


def convert_to_openvino(onnx_file: Path, path: Path) -> None:
    """Write an ONNX file as OpenVINO's two, its metadata included, its weights as they are."""
    import onnx

    openvino: Any = importlib.import_module("openvino")

    from posekit.inference.networks.openvino import SECTION

    model = openvino.Core().read_model(str(onnx_file))
    for entry in onnx.load(str(onnx_file), load_external_data=False).metadata_props:
        model.set_rt_info(entry.value, [SECTION, entry.key])
    openvino.save_model(model, str(path), compress_to_fp16=False)


def megabytes(path: Path) -> float:
    """Return the size of a model file, with its weights where they lie beside it."""
    weights = path.with_suffix(".bin")
    parts = [path, weights] if path.suffix == OPENVINO and weights.is_file() else [path]
    return sum(part.stat().st_size for part in parts) / 1e6


def check_layout(layout: str) -> None:
    """Raise ValueError for the name of no layout."""
    if layout not in LAYOUTS:
        raise ValueError(
            f"layout '{layout}': no such form of a file; {suggestion(layout, LAYOUTS, otherwise='there are')}"
        )


def pixels_of_model(model: Any) -> Pixels:
    """Return what a model wants of its input's pixels, which its data preprocessor does in training."""
    preprocessor = model.data_preprocessor
    mean, std = (values.flatten().tolist() for values in (preprocessor.mean, preprocessor.std))
    to_rgb = bool(preprocessor.swap_channels)
    if not any(mean) and set(std) == {1.0}:
        return Pixels(to_rgb=to_rgb)
    mean, std = (tuple(values) * (3 // len(values)) for values in (mean, std))
    return Pixels(mean=mean, std=std, to_rgb=to_rgb)


def pixels_of_file(model: Any, layout: str) -> Pixels:
    """Return what an exported file wants of its input's pixels."""
    return pixels_of_model(model) if layout == MMDEPLOY else Pixels()
