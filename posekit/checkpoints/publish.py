"""Checkpoints to hand out: weights and what is known about them, with the hash of the file in its name."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from posekit.checkpoints.checkpoint import MAIN, checkpoint_of
from posekit.checkpoints.convert import check_writable
from posekit.checkpoints.download import download
from posekit.checkpoints.plain_meta import PlainMeta
from posekit.checkpoints.read import read_file, with_ids
from posekit.checkpoints.report import shown
from posekit.checkpoints.save import own_tensors, safetensors_bytes
from posekit.files import require_writable, write_atomically

SUFFIXES = (".pth", ".safetensors")
HASH_DIGITS = 8
OLD_HASH = re.compile(rf"-[0-9a-f]{{{HASH_DIGITS}}}$")


class Published(NamedTuple):
    """What was written: the file, its SHA-256, the number of weights, and the entries and values left out."""

    path: Path
    sha256: str
    count: int
    dropped: list[str]


def publish(source: str | os.PathLike[str], out: Path | None = None, *, force: bool = False) -> Published:
    """Write the weights of a checkpoint, with its meta information, under a name that ends in the file's hash.

    States of optimizers, schedules, loops and unaveraged weights are left out. Names are ``NAME-0123abcd.pth``, as
    ``torch.hub`` checks them.

    Args:
        source: path or URL.
        out: file to write, ``.pth`` or ``.safetensors``, to whose name the hash is added; by default beside the source.
        force: overwrite the file.

    Raises:
        ValueError: for another suffix.
        FileExistsError: if the file is there and ``force`` is not set.
        CheckpointError: if ``source`` cannot be read or holds no weights.
    """
    local = download(str(source)) if "://" in str(source) else Path(source)
    if out is None:
        name = Path(str(source)).name if "://" in str(source) else local
        out = Path(name).with_suffix(local.suffix if local.suffix in SUFFIXES else SUFFIXES[0])
    if out.suffix not in SUFFIXES:
        raise ValueError(f"{out}: the file name must end in {' or '.join(SUFFIXES)}")
    require_writable(out)
    content = read_file(local)
    checkpoint = checkpoint_of(content, str(source), Tensor)
    check_writable(checkpoint.state, source)
    meta = PlainMeta(checkpoint.meta)
    text = None
    if out.suffix == ".pth":
        buffer = io.BytesIO()
        torch.save({"meta": with_ids(meta.values), "state_dict": own_tensors(checkpoint.state)}, buffer)
        data = buffer.getvalue()
    else:
        data, text = safetensors_bytes(checkpoint.state, meta.values)
    digest = hashlib.sha256(data).hexdigest()
    path = out.with_name(f"{OLD_HASH.sub('', out.stem)}-{digest[:HASH_DIGITS]}{out.suffix}")
    if path.exists() and not force:
        raise FileExistsError(f"{path}: is there already; the same weights have been published, or use --overwrite")
    write_atomically(path, lambda file: file.write(data))
    if text is not None:
        write_atomically(path.with_suffix(".json"), lambda file: file.write(text))
    return Published(path, digest, len(checkpoint.state), [*left_out(content), *meta.dropped])


def left_out(content: Any) -> list[str]:
    """Return the names of a file's entries that are not published."""
    if not isinstance(content, Mapping):
        return []
    main = next((name for name in MAIN if isinstance(content.get(name), Mapping)), None)
    return [shown(name) for name in content if main is not None and name not in (main, "meta")]
