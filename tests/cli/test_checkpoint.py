from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from posekit.cli import main as cli
from posekit.cli.tree import Row, lines, short

torch = pytest.importorskip("torch")


def call(*arguments) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main(["checkpoint", *map(str, arguments)])
    return int(done.value.code or 0)


@pytest.fixture
def path(tmp_path) -> Path:
    state = {
        "backbone.conv.weight": torch.ones(4, 3, 1, 1),
        "backbone.conv.bias": torch.ones(4).half(),
        "head.s": torch.ones(()),
    }
    names = {"dataset_name": "mine", "keypoint_id2name": {0: "nose", 1: "tail"}}
    torch.save({"state_dict": state, "meta": {"epoch": 7, "dataset_meta": names, "log": {1j}}}, tmp_path / "a.pth")
    return tmp_path / "a.pth"


def test_inspect(path, capsys):
    assert call("inspect", path, "--depth", 3) == 0
    out, error = capsys.readouterr()
    assert error == ""
    for words in ("2: nose, tail", "epoch      7", hashlib.sha256(path.read_bytes()).hexdigest(), "4x3x1x1", "number"):
        assert words in out
    assert "│     ├─ weight" in out or "│  └─ conv" in out


def test_inspect_warns_of_numbers_that_are_none(tmp_path, capsys):
    torch.save({"w": torch.tensor([float("nan")])}, tmp_path / "a.pth")
    assert call("inspect", tmp_path / "a.pth") == 0
    assert capsys.readouterr().err == "warning: NaN or infinite values in 1 weights: w\n"


def test_weights_that_share_numbers_are_looked_at_once(tmp_path, monkeypatch):
    from posekit.checkpoints import inspect

    looked, is_finite = [], inspect.is_finite
    monkeypatch.setattr(inspect, "is_finite", lambda value: looked.append(1) or is_finite(value))
    shared = torch.ones(1000)
    torch.save({**{f"w{number}": shared for number in range(300)}, "v": torch.tensor([1.0])}, tmp_path / "a.pth")
    assert len(inspect.inspect_checkpoint(tmp_path / "a.pth").weights) == 301
    assert len(looked) == 2


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_inspect_does_without_torch(kind, tmp_path):
    from safetensors.torch import save_file

    state = {"a": torch.ones(2, 3).bfloat16(), "b": torch.arange(6).reshape(2, 3).T, "c": torch.tensor([float("nan")])}
    file = tmp_path / ("a.safetensors" if kind == "safetensors" else "a.pth")
    if kind == "safetensors":
        save_file({key: value.contiguous() for key, value in state.items()}, file)
    else:
        torch.save({"state_dict": state}, file, _use_new_zipfile_serialization=kind == "zip")
    code = """
import sys
from posekit.cli import main
try:
    main.main(["checkpoint", "inspect", sys.argv[1], "--json"])
except SystemExit:
    print("torch" in sys.modules, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert done.stderr == "False\n"
    content = json.loads(done.stdout)
    assert content["weights"]["a"] == {"shape": [2, 3], "dtype": "bfloat16"}
    assert content["weights"]["b"] == {"shape": [3, 2], "dtype": "int64"}
    assert content["not_finite"] == ["c"]


def test_inspect_as_json(path, capsys):
    assert call("inspect", path, "--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["weights"]["backbone.conv.bias"] == {"shape": [4], "dtype": "float16"}
    assert content["keypoints"] == ["nose", "tail"]


def test_names_cannot_write_on_the_terminal(tmp_path, capsys):
    torch.save(
        {"a\x1b[2Jb.w": torch.tensor(1), "[red]x": torch.tensor(2), "n" * 5000: torch.tensor(3)}, tmp_path / "a.pth"
    )
    assert call("inspect", tmp_path / "a.pth") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "[red]x" in out
    assert "n" * 200 not in out


def test_convert(path, capsys):
    out = path.with_name("b.safetensors")
    assert call("convert", path, "-o", out, "--half") == 0
    told = ["left out, because they are not plain values: log.0", f"{out}: 3 weights, {short(out.stat().st_size)}B"]
    assert capsys.readouterr().out.splitlines() == told
    assert call("convert", path, "-o", out) == cli.USER_ERROR
    assert "use --overwrite" in capsys.readouterr().err
    assert call("convert", path, "-o", out, "--overwrite") == 0


def test_convert_tells_what_stays_in_32_bits(tmp_path, capsys):
    torch.save({"w": torch.tensor([1e9])}, tmp_path / "a.pth")
    assert call("convert", tmp_path / "a.pth", "-o", tmp_path / "b.safetensors", "--half") == 0
    assert "kept in 32 bits, because 16 cannot hold them: w" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["inspect"], ["convert", "-o", "x.safetensors"]])
@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no such checkpoint"), (b"", "an empty file"), (b"x", "no checkpoint, or a damaged one")],
)
def test_errors_are_one_line(command, content, words, tmp_path, capsys):
    if content is not None:
        (tmp_path / "a.pth").write_bytes(content)
    assert call(command[0], tmp_path / "a.pth", *command[1:]) == cli.USER_ERROR
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_folders_are_no_checkpoints(tmp_path, capsys):
    assert call("inspect", tmp_path) == cli.USER_ERROR
    assert "this is a folder; name a checkpoint in it" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told_first(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert call("convert", tmp_path / "gone.pth", "-o", tmp_path / "file" / "x.safetensors") == cli.USER_ERROR
    assert "file is a file; choose another place" in capsys.readouterr().err


def test_lines_of_a_tree():
    tree = Row("a", "1", [Row("b", "2", [Row("c", "3")]), Row("d", "4")])
    assert list(lines(tree, 2)) == [("a", "1"), ("├─ b", "2"), ("│  └─ c", "3"), ("└─ d", "4")]
    assert list(lines(tree, 1)) == [("a", "1"), ("├─ b", "2"), ("└─ d", "4")]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (1000, "1.00 k"), (34_000_000, "34.0 M"), (5.46e9, "5.46 G"), (123e9, "123 G")],
)
def test_short_numbers(number, text):
    assert short(number) == text
