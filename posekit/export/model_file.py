"""Model files that appear only once they have been checked, as ONNX or as OpenVINO's two files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from posekit.files import naming

Verdict = TypeVar("Verdict")

ONNX, OPENVINO = ".onnx", ".xml"


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
    import openvino

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
