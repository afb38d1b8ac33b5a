"""Reading a 100 MB checkpoint, against ``torch.load(weights_only=True)`` on the same file.

Read are the published layout (meta information and weights) in torch's zip format, the same in the format before
1.6, and the safetensors that ``posekit checkpoint convert`` makes of it. All weights are copied into a model as
well, since a mapped file is only read where it is used.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from benchmarks.case import Case, interleaved_seconds
from posekit.checkpoints.convert import convert
from posekit.checkpoints.load import load_into, open_checkpoint

NUM_LAYERS, CHANNELS = 42, 256


def network() -> nn.Module:
    """Return 42 convolutions, 99 MB."""
    torch.manual_seed(0)
    return nn.Sequential(*(nn.Conv2d(CHANNELS, CHANNELS, 3) for _ in range(NUM_LAYERS)))


def write(folder: Path, model: nn.Module, kind: str) -> Path:
    """Write the model's weights as a file of one kind."""
    path = folder / "weights.pth"
    meta = {"epoch": 210, "dataset_meta": {"keypoint_id2name": {0: "nose"}}}
    content = {"meta": meta, "state_dict": model.state_dict()}
    torch.save(content, path, _use_new_zipfile_serialization=kind != "before 1.6")
    return convert(path, folder / "weights.safetensors").path if kind == "safetensors" else path


def measure(kind: str) -> dict[str, float]:
    """Return the times of reading, and of reading into a model, and their ratios to torch's."""
    model, target = network(), network()
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), model, kind)

        def theirs() -> dict[str, torch.Tensor]:
            content = torch.load(path, weights_only=True)
            return content.get("state_dict", content)

        variants: dict[str, Callable[[], object]] = {
            "torch read": theirs,
            "posekit read": lambda: open_checkpoint(path),
            "torch load": lambda: target.load_state_dict(theirs()),
            "posekit load": lambda: load_into(target, open_checkpoint(path).state, strict=True),
        }
        for function in (variants["torch load"], variants["posekit load"]):
            nn.init.zeros_(target[0].weight)  # pyright: ignore[reportArgumentType]
            function()
            same = zip(target.state_dict().values(), model.state_dict().values(), strict=True)
            assert all(torch.equal(*pair) for pair in same), "other weights were loaded"
        seconds = interleaved_seconds(variants)
    ratios = {f"{step} ratio": seconds[f"posekit {step}"] / seconds[f"torch {step}"] for step in ("read", "load")}
    return {name: value * 1e3 for name, value in seconds.items()} | ratios


CASES = [
    Case(f"checkpoint {kind}", "read 99 MB, and into a model, ms", "<= 1.5 times torch.load", partial(measure, kind))
    for kind in ("zip", "before 1.6", "safetensors")
]
