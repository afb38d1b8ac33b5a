"""Reading checkpoint files without running anything they carry."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path
from typing import Any

import torch

from posekit.checkpoints.stand_ins import BOOKKEEPING, inert_class, stand_ins

ZIP_START = b"PK\x03\x04"
MAX_PICKLE_BYTES = 256 * 2**20
_REFUSED_NAME = re.compile(r"GLOBAL (\S+)")
_MAX_STAND_INS = 200


class CheckpointError(ValueError):
    """A file that is no checkpoint, is damaged, or holds more than data."""


def read_file(path: str | os.PathLike[str]) -> Any:
    """Return what a checkpoint file holds: tensors, plain containers, numbers, numpy arrays.

    Safetensors, the zip format of torch and its older format are read. Classes of known bookkeeping
    packages become inert objects. Tensors of the zip format are mapped from the file.

    Raises:
        FileNotFoundError: if there is no such file.
        CheckpointError: if it is damaged, is no checkpoint, or names anything that is not data.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint; check the path, or give a URL")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    with path.open("rb") as file:
        is_zip = file.read(len(ZIP_START)) == ZIP_START
    if is_zip:
        _check_archive(path)
    return _read_torch(path, mmap=is_zip)


def _read_torch(path: Path, *, mmap: bool) -> Any:
    allowed: dict[str, Any] = dict(stand_ins())
    for _ in range(_MAX_STAND_INS):
        try:
            with torch.serialization.safe_globals([(value, name) for name, value in allowed.items()]):
                return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
        except Exception as error:
            name = _refused_name(error)
            if name is None:
                raise CheckpointError(f"{path}: not a readable checkpoint ({_first_line(error)})") from error
            if not name.startswith(BOOKKEEPING) or name in allowed:
                raise CheckpointError(
                    f"{path}: refused, because it asks for '{name}', which is code and not data; nothing was run. "
                    "Get the weights from a source you trust, or have them saved as safetensors"
                ) from None
            allowed[name] = inert_class(name)
    raise CheckpointError(f"{path}: names more than {_MAX_STAND_INS} classes; this is no checkpoint of a pose model")


def _refused_name(error: Exception) -> str | None:
    match = _REFUSED_NAME.search(str(error))
    return match.group(1).rstrip(".") if match else None


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200] if str(error).strip() else 'no message'}"


def _check_archive(path: Path) -> None:
    """Refuse archives that would unpack to more than the file itself."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise CheckpointError(f"{path}: a damaged archive ({_first_line(error)}); download or save it again") from error
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise CheckpointError(f"{path}: holds compressed entries, which torch never writes; refused")
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise CheckpointError(f"{path}: its entries claim more bytes than the file has; refused")
    pickles = [entry.file_size for entry in entries if entry.filename.endswith("data.pkl")]
    if max(pickles, default=0) > MAX_PICKLE_BYTES:
        raise CheckpointError(
            f"{path}: {max(pickles)} bytes of bookkeeping; at most {MAX_PICKLE_BYTES} are read, tensors not counted"
        )


def _read_safetensors(path: Path) -> dict[str, Any]:
    import json

    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
            meta = json.loads((file.metadata() or {}).get("posekit", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path}: not a readable safetensors file ({_first_line(error)})") from error
    return {"state_dict": state, "meta": meta}
