"""Checkpoint files: what is read, what is refused, and that nothing in them runs."""

from __future__ import annotations

import builtins
import collections
import contextlib
import io
import os
import pickle
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posekit.checkpoints.read import read_file
from posekit.checkpoints.stand_ins import Inert
from posekit.checkpoints.torch_file import CheckpointError

STATE = {"conv.weight": torch.arange(6.0).reshape(2, 3), "bn.num_batches_tracked": torch.tensor(3)}


class Calls:
    """Pickles as a call of ``function``."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.call = (function, args)

    def __reduce__(self) -> Any:
        return self.call


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    return tmp_path / "it_ran"


def save(path: Path, content: Any, *, legacy: bool = False) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


@pytest.mark.parametrize("legacy", [False, True])
def test_reads_tensors_and_plain_values(tmp_path: Path, legacy: bool) -> None:
    meta = {"epoch": 3, "names": ["a", ("b", 1.5, None)], "kinds": {"x"}, "lr": np.float64(0.1)}
    content = {"state_dict": collections.OrderedDict(STATE), "meta": meta}
    read = read_file(save(tmp_path / "a.pth", content, legacy=legacy))
    assert read["meta"] == meta
    assert all(torch.equal(read["state_dict"][key], value) for key, value in STATE.items())


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool", "complex64", "<U3", "S2", ">f4"])
def test_reads_arrays(tmp_path: Path, dtype: str) -> None:
    array = np.asarray([[1, 0, 1], [0, 1, 1]]).astype(dtype)
    read = read_file(save(tmp_path / "a.pth", {"arrays": [array, np.asfortranarray(array)], "one": array[0, 0]}))
    for got in read["arrays"]:
        np.testing.assert_array_equal(got, array)
        assert got.dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
    assert read["one"] == array[0, 0]


def test_bookkeeping_classes_become_inert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class HistoryBuffer:
        def __init__(self) -> None:
            self.values = [1, 2]

    class ConfigDict(dict):  # type: ignore[type-arg]
        pass

    import sys
    import types

    module = types.ModuleType("mmengine.made_up")
    monkeypatch.setitem(sys.modules, "mmengine", types.ModuleType("mmengine"))
    monkeypatch.setitem(sys.modules, "mmengine.made_up", module)
    for cls in (HistoryBuffer, ConfigDict):
        cls.__module__, cls.__qualname__ = "mmengine.made_up", cls.__name__
        setattr(module, cls.__name__, cls)
    path = save(tmp_path / "a.pth", {"log": HistoryBuffer(), "cfg": ConfigDict(lr=1)})
    monkeypatch.delitem(sys.modules, "mmengine.made_up")
    read = read_file(path)
    assert isinstance(read["log"], Inert)
    assert read["log"].state == {"values": [1, 2]}
    assert read["cfg"] == {"lr": 1}


ATTACKS = {
    "os.system": lambda proof: Calls(os.system, f"touch {proof}"),
    "eval": lambda proof: Calls(builtins.eval, f"open({str(proof)!r}, 'w')"),
    "exec": lambda proof: Calls(builtins.exec, f"open({str(proof)!r}, 'w')"),
    "open": lambda proof: Calls(builtins.open, str(proof), "w"),
    "subprocess": lambda proof: Calls(subprocess.Popen, ["touch", str(proof)]),
    "nested": lambda proof: {"meta": [{"deep": (1, Calls(os.system, f"touch {proof}"))}]},
    "reduce in reduce": lambda proof: Calls(collections.OrderedDict, Calls(os.system, f"touch {proof}")),
    "import": lambda proof: Calls(builtins.__import__, "posekit"),
    "getattr chain": lambda proof: Calls(getattr, Calls(builtins.__import__, "os"), "system"),
    "numpy load": lambda proof: Calls(np.load, str(proof)),
    "torch load": lambda proof: Calls(torch.load, str(proof)),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("legacy", [False, True])
def test_code_is_refused_by_name_and_not_run(tmp_path: Path, proof: Path, attack: str, legacy: bool) -> None:
    path = save(tmp_path / "a.pth", {"state_dict": STATE, "x": ATTACKS[attack](proof)}, legacy=legacy)
    with pytest.raises(CheckpointError, match="nothing was run"):
        read_file(path)
    assert not proof.exists()


def test_the_refusal_names_file_and_function(tmp_path: Path) -> None:
    path = save(tmp_path / "evil.pth", {"x": Calls(os.system, "true")})
    with pytest.raises(CheckpointError, match=r"evil\.pth: refused, because it asks for 'posix\.system'"):
        read_file(path)


def test_getattr_on_allowed_names_is_inert(tmp_path: Path) -> None:
    read = read_file(save(tmp_path / "a.pth", {"x": Calls(getattr, torch.Size([1]), "__class__")}))
    assert read["x"] == "Size.__class__"


@pytest.mark.parametrize(
    "content", [b"", b"not a checkpoint", b"PK\x03\x04 broken", pickle.dumps({"a": 1}), b"\x80\x02."]
)
def test_files_that_are_no_checkpoints_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"a\.pth"):
        read_file(tmp_path / "a.pth")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_truncated_files_are_refused(tmp_path: Path, suffix: str, legacy: bool, share: float) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".pth":
        save(path, {"state_dict": {"w": torch.randn(500)}}, legacy=legacy)
    else:
        from safetensors.torch import save_file

        save_file({"w": torch.randn(500)}, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CheckpointError):
        read_file(path)


def test_archives_that_unpack_to_more_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.pth", {"w": torch.zeros(100_000)})
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry))
    with pytest.raises(CheckpointError, match="compressed entries"):
        read_file(tmp_path / "b.pth")


def test_arrays_that_claim_more_than_they_hold_are_refused(tmp_path: Path) -> None:
    array = np.arange(4.0)
    raw = io.BytesIO()
    torch.save({"x": array}, raw, _use_new_zipfile_serialization=False)
    small, huge = b"K\x04\x85q", b"K\x7f\x85q"
    assert small in raw.getvalue()
    (tmp_path / "a.pth").write_bytes(raw.getvalue().replace(small, huge, 1))
    with pytest.raises(CheckpointError, match="bytes for shape"):
        read_file(tmp_path / "a.pth")


def test_object_arrays_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.pth", {"x": np.array([{"a": 1}], dtype=object)})
    with pytest.raises(CheckpointError):
        read_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pth: no such checkpoint"):
        read_file(tmp_path / "nowhere.pth")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_never_run_or_hang(tmp_path: Path, data: st.DataObject) -> None:
    raw = io.BytesIO()
    legacy = data.draw(st.booleans())
    torch.save({"state_dict": STATE, "meta": {"a": np.ones(2)}}, raw, _use_new_zipfile_serialization=not legacy)
    content = bytearray(raw.getvalue())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    with contextlib.suppress(CheckpointError):
        read_file(path)
