"""Checkpoints, logs and model files on a disk that fails at any moment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from faults import KINDS, Disk, faulty, files_of, leftovers

from posekit.engine.run_log import RunLog
from posekit.export.model_file import write_checked

torch = pytest.importorskip("torch")

from posekit.checkpoints.read import read_file  # noqa: E402 - these need torch
from posekit.checkpoints.save import save_weights  # noqa: E402
from posekit.engine.hooks.checkpoint_hook import write_checkpoint  # noqa: E402


def state(value: float) -> dict:
    return {"state_dict": {f"layer{number}": torch.full((40, 40), value + number) for number in range(6)}}


def bump(path: Path, value: float) -> None:
    """Write a file of many small pieces."""
    with path.open("wb") as file:
        for number in range(4):
            file.write(bytes([int(value) + number] * 100))
            file.flush()


def save_checkpoint(path: Path, value: float) -> None:
    write_checkpoint(path, state(value))


def save_safetensors(path: Path, value: float) -> None:
    save_weights(path, state(value)["state_dict"], {"epoch": value})


def export(path: Path, value: float) -> None:
    write_checked(path, lambda file: bump(file, value), lambda file: file.stat().st_size)


def meaning(content: bytes) -> object:
    """Return what a file says; the order of a safetensors header's keys is by chance."""
    size = int.from_bytes(content[:8], "little")
    return (json.loads(content[8 : 8 + size]), content[8 + size :]) if content[8:9] == b"{" else content


WRITERS = {
    "last.pth": save_checkpoint,
    "weights.safetensors": save_safetensors,
    "model.onnx": export,
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_the_earlier_or_the_new_one(tmp_path, count_fault, name, kind):
    write, path = WRITERS[name], tmp_path / "o" / name
    write(path, 1)
    earlier = files_of(tmp_path)
    with faulty(Disk(tmp_path)) as disk:
        write(path, 2)
    whole = files_of(tmp_path)
    assert earlier.keys() == whole.keys()
    for number, operation in enumerate(disk.operations):
        for file, content in earlier.items():
            (tmp_path / file).write_bytes(content)
        with faulty(Disk(tmp_path, number, **KINDS[kind])), pytest.raises(OSError) as raised:
            write(path, 2)
        count_fault()
        assert str(path.with_suffix("")) in str(raised.value), f"{operation}: {raised.value}"
        left = files_of(tmp_path)
        assert left.keys() == whole.keys(), operation
        for file, content in left.items():
            assert meaning(content) in (meaning(earlier[file]), meaning(whole[file])), f"{operation}: {file}"
        if name.endswith(".pth"):
            read_file(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_loses_no_earlier_record(tmp_path, count_fault, kind):
    """A log on a full disk has the records up to a moment; a rewound one too, and none is cut in two."""

    def write(log: RunLog) -> None:
        for step in range(10):
            log.line(f"step {step}")
            log.numbers({"kind": "train", "step": step, "loss": 1 / (step + 1)})
        log.rewind(5)
        log.numbers({"kind": "train", "step": 6, "loss": 0})

    with faulty(Disk(tmp_path)) as disk:
        write(RunLog(tmp_path / "whole"))
    whole = RunLog(tmp_path / "whole").records()
    for number, operation in enumerate(disk.operations):
        folder = tmp_path / str(number)
        with faulty(Disk(tmp_path, number, **KINDS[kind])), pytest.raises(OSError, match=folder.name) as raised:
            write(RunLog(folder))
        count_fault()
        assert not leftovers(tmp_path), operation
        assert ".part" not in str(raised.value), operation
        records = RunLog(folder).records()
        steps = [record["step"] for record in records]
        assert steps == list(range(len(steps))), operation
        assert all(record in whole for record in records[:6]), operation
