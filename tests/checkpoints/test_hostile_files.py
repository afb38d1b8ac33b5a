"""Damaged and malicious files: refused by one clear error, without running anything or filling the memory."""

from __future__ import annotations

import contextlib
import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile import ZEROS, call, group, integer, storage, tensor, text, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posekit.checkpoints import torch_file
from posekit.checkpoints.load import open_checkpoint
from posekit.checkpoints.plain_meta import PlainMeta
from posekit.checkpoints.read import read_file
from posekit.checkpoints.torch_file import CheckpointError

MUCH = 64 * 2**20


def nest(levels: int, start: bytes = b")") -> bytes:
    """A tuple of two that are the same one, again and again: 2 ** levels ends, were it written out."""
    return start + b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(levels))


def repeated(build: bytes, times: int) -> bytes:
    return b"](" + build * times + b"e"


def refusal(path: Path) -> str:
    """The message of a refusal, which came without much memory and names the file."""
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError) as error:
            read_file(path)
        assert tracemalloc.get_traced_memory()[1] < MUCH
    finally:
        tracemalloc.stop()
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_file_made_by_hand_is_read(tmp_path: Path) -> None:
    data = {"data/0": torch.arange(4.0).numpy().tobytes()}
    read = read_file(write(tmp_path / "a.pth", tensor([2, 2], [2, 1]), data))
    assert read.tolist() == [[0, 1], [2, 3]]


TENSORS = {
    "beyond its storage": (tensor([5], [1]), "but 4 numbers"),
    "offset beyond its storage": (tensor([2], [1], offset=3), "but 4 numbers"),
    "expanded": (tensor([2**40], [0]), "but 4 numbers"),
    "overlapping": (tensor([3, 2], [1, 1]), "but 4 numbers"),
    "of 2**62 rows": (tensor([2**62, 4], [4, 1]), "but 4 numbers"),
    "whose size overflows": (tensor([2**32, 2**32], [2**32, 1]), "but 4 numbers"),
    "of 2**2000 rows": (tensor([2**2000], [1]), "are no counts"),
    "negative strides": (tensor([2], [-1], offset=1), "are no counts"),
    "negative size": (tensor([-2], [1]), "are no counts"),
    "negative offset": (tensor([1], [1], offset=-1), "are no counts"),
    "strides of another length": (tensor([2, 2], [1]), "are no counts"),
    "of 64 dimensions": (tensor([1] * 64, [1] * 64), "are no counts"),
    "storage larger than its record": (tensor([5], [1], count=5), "is to have 5 numbers"),
    "storage of 2**62": (tensor([5], [1], count=2**62), "numbers, but 16 bytes"),
    "storage below nothing": (tensor([1], [1], count=-1), "a storage of -1 numbers"),
    "missing record": (tensor([1], [1], key="7"), "record 'data/7' is missing"),
    "path in a key": (tensor([1], [1], key="../../etc/passwd"), "is missing"),
    "without a storage": (call("torch._utils._rebuild_tensor_v2", b"N", b"K\0", b")", b")"), "without a storage"),
    "sparse": (call("torch._utils._rebuild_sparse_tensor", b"N"), "_rebuild_sparse_tensor"),
    "of no memory": (call("torch._utils._rebuild_meta_tensor_no_storage", b"N"), "nothing was run"),
    "made by size": (call("torch.FloatTensor", integer(2**40)), "nothing was run"),
    "class as its own maker": (call("torch.Tensor", integer(2**40)), "a call of a str"),
    "parameter of a text": (call("torch._utils._rebuild_parameter", text("a")), "a parameter made of a str"),
}


@pytest.mark.parametrize("case", TENSORS)
def test_tensors_that_lie(case: str, tmp_path: Path) -> None:
    body, message = TENSORS[case]
    assert message in refusal(write(tmp_path / "a.pth", body))


ENCODED = call("_codecs.encode", b"h\0", text("latin1"))
DTYPE = call("numpy.dtype", text("u1"))
SWAPPED = call("numpy.dtype", text(">u2"))
EMPTY_ARRAY = call("numpy.core.multiarray._reconstruct")
BOMBS = {
    "a buffer by its size": call("builtins.bytearray", integer(2**40)),
    "texts to bytes, again and again": text("a" * 2**20) + b"q\0" + repeated(ENCODED, 1000),
    "a growing encoding": call("_codecs.encode", text("a" * 1000), text("hex")),
    "arrays of one text": text("a" * 2**20)
    + b"q\0"
    + ENCODED
    + b"q\1"
    + repeated(
        EMPTY_ARRAY + group(integer(1), group(integer(2**19)), SWAPPED, b"\x89", b"h\1") + b"b",
        1000,
    ),
    "an array shaped by a text": EMPTY_ARRAY
    + group(integer(1), group(text("a"), integer(2**40)), DTYPE, b"\x89", b"C\0")
    + b"b",
    "dicts of one dict": b"}(" + b"".join(integer(i) + b"N" for i in range(2000)) + b"uq\0"
    + repeated(call("collections.OrderedDict", b"h\0"), 2000),
    "a key that takes forever": b"}" + nest(60) + b"Ns",
    "a member that takes forever": call("builtins.set", b"](" + nest(60) + b"e"),
    "a key that takes forever, in pairs": call("collections.OrderedDict", b"](" + nest(60) + b"N\x86e"),
    "a name that takes forever": nest(60) + text("a") + b"\x93",
    "a dtype that takes forever": call("numpy.dtype", nest(60)),
    "a device that takes forever": call("torch.device", nest(60)),
    "a storage that takes forever": group(text("storage"), b"ctorch\nFloatStorage\n", nest(60), text("cpu"), b"K\1")
    + b"Q",
    "a shape that takes forever": call("torch._utils._rebuild_tensor_v2", storage(4), b"K\0", nest(60), nest(60)),
    "an attribute that takes forever": call("builtins.getattr", b"N", nest(60)),
}  # fmt: skip


@pytest.mark.parametrize("case", BOMBS)
def test_bombs(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posekit.checkpoints.unpickle.MAX_BYTES", 2**23)
    refusal(write(tmp_path / "a.pth", BOMBS[case]))


def test_too_many_instructions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posekit.checkpoints.unpickle.MAX_STEPS", 1000)
    assert "more than 1000 instructions" in refusal(write(tmp_path / "a.pth", b"(" + b"}" * 2000 + b"t"))


DAMAGED = {
    "items for a number": b"K\1(K\1e",
    "keys for a list": b"](K\1K\1u",
    "half a pair": b"}(K\1u",
    "a tuple of more than there is": b"K\1\x87",
    "a mark that is missing": b"e",
    "an unknown memory": b"h\7",
    "the second storage word": group(text("module"), b"N", b"N", b"N", b"N") + b"Q",
    "an unknown instruction": b"\xff",
    "a text that ends early": b"X\xff\xff\xff\xff",
    "a state for a tensor": tensor([4], [1]) + b"}b",
    "a state for a maker": b"ctorch\nSize\n}b",
    "a call of a number": b"K\1)R",
    "arguments that are no tuple": b"ccollections\nOrderedDict\nK\1R",
    "an array of objects": EMPTY_ARRAY + group(integer(1), b")", text("O"), b"\x89", b"]") + b"b",
    "a negative shape": EMPTY_ARRAY + group(integer(1), group(integer(-1)), DTYPE, b"\x89", b"C\0") + b"b",
}


@pytest.mark.parametrize("case", DAMAGED)
def test_instructions_that_make_no_sense(case: str, tmp_path: Path) -> None:
    refusal(write(tmp_path / "a.pth", DAMAGED[case]))


def test_lists_within_themselves_are_read_but_not_copied(tmp_path: Path) -> None:
    meta = b"}" + text("x") + b"]q\0h\0as" + text("y") + b"]q\0h\0as"
    read = read_file(write(tmp_path / "a.pth", b"}" + text("meta") + meta + b"s"))
    assert read["meta"]["y"][0] is read["meta"]["y"]
    with pytest.raises(CheckpointError, match="nested too deeply"):
        PlainMeta(read["meta"])


def test_values_that_share_parts_are_not_written_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posekit.checkpoints.plain_meta.MAX_VALUES", 1000)
    read = read_file(write(tmp_path / "a.pth", b"}" + text("x") + nest(45) + b"s"))
    with pytest.raises(CheckpointError, match="too many values"):
        PlainMeta(read)


def test_states_cannot_replace_methods(tmp_path: Path) -> None:
    ordered = (
        call("collections.OrderedDict") + b"}" + text("items") + b"K\1s" + b"b" + text("w") + tensor([4], [1]) + b"s"
    )
    assert open_checkpoint(write(tmp_path / "a.pth", ordered)).state.keys() == {"w"}


RECORDS = {
    "another byte order": ({"byteorder": b"big"}, "big-endian"),
    "a program": ({"constants.pkl": b""}, "a TorchScript program"),
    "a path upwards": ({"/../../evil": b"x"}, "odd or equal names"),
}


@pytest.mark.parametrize("case", RECORDS)
def test_records(case: str, tmp_path: Path) -> None:
    records, message = RECORDS[case]
    assert message in refusal(write(tmp_path / "a.pth", b"N", records))


def test_archives_without_weights(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("photos/cat.jpg", b"x")
    assert "without weights" in refusal(tmp_path / "a.pth")


def test_a_second_record_of_the_same_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pth", b"N")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data.pkl", b"x")
    assert "odd or equal names" in refusal(path)


def test_a_wrong_checksum(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(1000)}, tmp_path / "a.pth")
    content = bytearray((tmp_path / "a.pth").read_bytes())
    content[content.index(np.float32(1).tobytes() * 100) + 50] ^= 1
    (tmp_path / "a.pth").write_bytes(content)
    assert "the checksum of its record 'data/0' is wrong" in refusal(tmp_path / "a.pth")


def test_files_without_checksums_are_read(tmp_path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"w": torch.ones(3)}, tmp_path / "a.pth")
    finally:
        torch.serialization.set_crc32_options(True)
    assert read_file(tmp_path / "a.pth")["w"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(("field", "value"), [(24, 2**31), (42, 2**31), (12, 17 * 2**20)])
def test_a_directory_that_lies(field: int, value: int, tmp_path: Path) -> None:
    """Fields: size and place of the last entry (from its end), size of the directory."""
    path = write(tmp_path / "a.pth", tensor([4], [1]))
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\5\6" if field == 12 else b"PK\1\2") + field
    content[at : at + 4] = struct.pack("<I", value)
    path.write_bytes(content)
    refusal(path)


def test_too_much_bookkeeping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_file, "MAX_PICKLE_BYTES", 100)
    assert "of bookkeeping" in refusal(write(tmp_path / "a.pth", text("a" * 200)))


def legacy(*parts: bytes, tail: bytes = b"") -> bytes:
    start = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", b"\x80\2M\xe9\3.", b"\x80\2}."
    return b"".join([*start, *(part + b"." for part in parts), tail])


LEGACY = {
    "claims more than the file": (legacy(tensor([4], [1], count=2**40)), "claim more bytes"),
    "claims little, many times": (legacy(b"".join(storage(99, str(i)) for i in range(99))), "claim more bytes"),
    "no bytes": (legacy(tensor([4], [1]), b"](" + text("0") + b"e"), ""),
    "storage not listed": (legacy(tensor([4], [1]), b"]"), "storage 0 is missing"),
    "unknown storage": (legacy(tensor([4], [1]), b"](" + text("1") + b"e"), ""),
    "other count": (
        legacy(tensor([4], [1]), b"](" + text("0") + b"e", tail=struct.pack("<q", 3) + ZEROS),
        "has 3 numbers where 4 belong",
    ),
    "names that take forever": (legacy(tensor([4], [1]), b"](" + nest(60) + b"e"), ""),
    "tensor for a magic number": (storage(4) + b".", "a tensor where none belongs"),
}


@pytest.mark.parametrize("case", LEGACY)
def test_the_older_format(case: str, tmp_path: Path) -> None:
    content, message = LEGACY[case]
    (tmp_path / "a.pth").write_bytes(content)
    assert message in refusal(tmp_path / "a.pth")


def test_views_of_storages_in_the_older_format(tmp_path: Path) -> None:
    part = group(text("v"), integer(1), integer(2))
    whole = group(text("storage"), b"ctorch\nFloatStorage\n", text("0"), text("cpu"), integer(4), part) + b"Q"
    body = call("torch._utils._rebuild_tensor", whole, integer(0), group(integer(2)), group(integer(1)))
    tail = struct.pack("<q", 4) + np.arange(4, dtype=np.float32).tobytes()
    (tmp_path / "a.pth").write_bytes(legacy(body, b"](" + text("0") + b"e", tail=tail))
    assert read_file(tmp_path / "a.pth").tolist() == [1, 2]


SAFETENSORS = {
    "header larger than the file": struct.pack("<Q", 2**62) + b"{}",
    "header that is no JSON": struct.pack("<Q", 2) + b"{{",
    "tensor beyond the file": b'{"w":{"dtype":"F32","shape":[99],"data_offsets":[0,396]}}',
    "shape that overflows": b'{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}',
    "tensors that overlap": b'{"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
    b'"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    "bytes that belong to no tensor": b'{"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}',
    "shape of another size": b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}',
    "shape that is no list": b'{"w":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}',
    "kind that is unknown": b'{"w":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}',
    "tensor without its place": b'{"w":{"dtype":"F32","shape":[1]}}',
    "meta of numbers": b'{"__metadata__":{"posekit":3},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
    "meta that is no JSON": b'{"__metadata__":{"posekit":"{"}}',
    "meta nested too deeply": b'{"__metadata__":{"posekit":"' + b"[" * 100_000 + b'"}}',
}


@pytest.mark.parametrize("case", SAFETENSORS)
def test_safetensors(case: str, tmp_path: Path) -> None:
    content = SAFETENSORS[case]
    header = content if case.startswith("header") else struct.pack("<Q", len(content)) + content + b"\0" * 4
    (tmp_path / "a.safetensors").write_bytes(header)
    refusal(tmp_path / "a.safetensors")


@pytest.mark.parametrize(
    "meta", ['"text"', "[1]", '{"dataset_meta": 3}', '{"dataset_meta": {"keypoint_id2name": [1]}}']
)
def test_odd_meta_information_is_no_error(meta: str, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"w": torch.ones(1)}, tmp_path / "a.safetensors", metadata={"posekit": meta})
    assert open_checkpoint(tmp_path / "a.safetensors").state.keys() == {"w"}


NAMES = [
    "collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3", "numpy.dtype",
    "torch._tensor._rebuild_from_type_v2", "numpy.core.multiarray._reconstruct", "numpy.core.multiarray.scalar",
    "torch.Size", "torch.FloatStorage", "torch.float32", "builtins.getattr", "builtins.set", "builtins.bytearray",
    "_codecs.encode", "torch.device", "builtins.complex", "mmengine.config.ConfigDict", "mmengine.Buffer", "os.system",
]  # fmt: skip
INSTRUCTIONS = [
    *(f"c{name.rpartition('.')[0]}\n{name.rpartition('.')[2]}\n".encode() for name in NAMES),
    *(bytes([code]) for code in b"N\x88\x89)]}\x8f(taesub\x85\x86\x87\x90\x93\x94R\x81Q"),
    *(b"q" + bytes([i]) for i in range(4)), *(b"h" + bytes([i]) for i in range(4)),
    *map(integer, (0, 1, 3, 4, -1, 2**31, 2**62)), *map(text, ("", "storage", "0", "cpu", "latin1", "f4", "a")),
    storage(4), tensor([2, 2], [2, 1]), b"C\4abcd", b"G" + struct.pack(">d", 0.5),
]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(INSTRUCTIONS), max_size=40))
def test_any_instructions_give_data_or_one_error(tmp_path: Path, steps: list[bytes]) -> None:
    path = write(tmp_path / "a.pth", b"".join(steps))
    with contextlib.suppress(CheckpointError):
        read_file(path)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_weights_are_the_same_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """No byte of a weight can change unnoticed, and whatever else is damaged gives weights, or one clear error."""
    raw = io.BytesIO()
    torch.save({"state_dict": {"w": torch.arange(6.0)}, "meta": {"names": ["a"], "rows": np.ones(2)}}, raw)
    content = bytearray(raw.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    with contextlib.suppress(CheckpointError):
        state = open_checkpoint(path).state
        assert all(isinstance(value, torch.Tensor) for value in state.values())
        if list(state) == ["w"] and state["w"].dtype == torch.float32 and state["w"].shape == (6,):
            assert state["w"].tolist() == [0, 1, 2, 3, 4, 5]
