"""Reading checkpoint files without running anything they carry."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from posekit.checkpoints.safetensors_file import read_safetensors
from posekit.checkpoints.stand_ins import StandIns
from posekit.checkpoints.torch_file import CheckpointError, read_torch
from posekit.console import first_line


def read_file(path: str | os.PathLike[str], stand_ins: StandIns | None = None) -> Any:
    """Return what a checkpoint file holds: tensors, plain containers, numbers, numpy arrays.

    Safetensors, the zip format of torch and its older format are read. Classes of known bookkeeping
    packages become inert objects. Tensors are mapped from the file, but for torch's older format.

    Args:
        path: the file.
        stand_ins: makers of what the file names; by default those whose tensors are torch's.

    Raises:
        FileNotFoundError: if there is no such file.
        IsADirectoryError: if it is a folder.
        CheckpointError: if it is damaged, is no checkpoint, or names anything that is not data.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path}: this is a folder; name a checkpoint in it")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint; check the path, or give a URL")
    if stand_ins is None:
        from posekit.checkpoints.torch_tensors import TorchStandIns

        stand_ins = TorchStandIns()
    read = _read_safetensors if path.suffix == ".safetensors" else read_torch
    return read(path, stand_ins)


def _read_safetensors(path: Path, stand_ins: StandIns) -> dict[str, Any]:
    try:
        tensors, texts = read_safetensors(path)
        state = {key: stand_ins.tensor(stored) for key, stored in tensors.items()}
        meta = json.loads(texts.get("posekit", "{}"))
    except (OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: not a readable safetensors file ({first_line(error)})") from error
    return {"state_dict": state, "meta": with_ids(meta)}


def with_ids(meta: Any) -> Any:
    """Make numbers again of keypoint ids, of which JSON has made texts."""
    dataset = meta.get("dataset_meta") if isinstance(meta, dict) else None
    names = dataset.get("keypoint_id2name") if isinstance(dataset, dict) else None
    if dataset and isinstance(names, dict) and all(index.isdecimal() for index in names):
        dataset["keypoint_id2name"] = {int(index): name for index, name in names.items()}
    return meta
