"""``posekit zoo``: what it lists, tells and refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from posekit.checkpoints import download as downloads
from posekit.cli.main import main
from posekit.zoo.model_index import find, model_entries

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(downloads.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(downloads.OFFLINE_VARIABLE, "1")

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["zoo", *arguments])
        out, err = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, out, err

    return call


def test_list_has_a_row_for_each_model(run: Run) -> None:
    code, out, _ = run("list")
    assert code == 0
    assert len(out.splitlines()) == len(model_entries()) + 1


def test_list_takes_words_and_options(run: Run) -> None:
    code, out, _ = run("list", "rtmpose", "wholebody", "--kind", "onnx", "--commercial", "no")
    assert code == 0
    names = [line.split()[0] for line in out.splitlines()[1:]]
    assert "rtmpose-m_simcc-ucoco_dw-ucoco_270e-256x192-onnx" in names
    assert all(find(name).is_onnx and find(name).commercial == "no" for name in names)
    assert all(find(name).kind == "detector" for name in json_names(run("list", "--kind", "detector", "--json")[1]))


def json_names(out: str) -> list[str]:
    return [row["name"] for row in json.loads(out)]


def test_json_has_everything(run: Run) -> None:
    code, out, _ = run("info", "human", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["sha256"] == "e48f03d0"
    assert told["terms"]["data: PoseTrack18"]["commercial"] == "unclear"
    assert (told["path"], told["pinned_sha256"]) == (None, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("list", "rtmpose", "giraffe"), r"fits all of: rtmpose giraffe; leave a word out"),
        (("list", "--commercial", "yes"), "nobody states"),
        (("list", "--commercial", "maybe"), "--commercial maybe: use yes, no, unclear"),
        (("list", "--kind", "big"), "--kind big: use pose, detector, backbone, onnx"),
        (("list", "--local"), "posekit zoo download NAME"),
        (("info", "rtmpsoe-m"), "did you mean 'rtmpose-m'"),
        (("path", "human"), "posekit zoo download rtmpose-m_8xb256-420e_body8-256x192"),
        (("path", "group_fisher_prune_rtmpose-s_8xb256-420e_coco-256x192", "--config"), "no config: pruned by MMRazor"),
        (("import", "none"), "none: no such folder"),
        (("import", "."), r"\.: no released model is in there"),
        (("download", "human"), "offline nothing is downloaded"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistakes_get_one_message(run: Run, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = run(*arguments)
    assert code == 2
    assert err.startswith("error: ")
    assert "Traceback" not in err
    assert re.search(message, err)


def test_import_then_list_path_and_info(run: Run, tmp_path: Path) -> None:
    entry = find("rtmo-s-onnx")  # no digest is published: its name is enough
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / entry.file).write_bytes(b"PK")
    (tmp_path / "files" / "mine.pth").write_bytes(b"mine")
    code, out, err = run("import", "files")
    assert code == 0
    assert out == f"files/{entry.file}: {entry.name}\n"
    assert "mine.pth: no released model that posekit knows" in err
    assert json_names(run("list", "--local", "--json")[1]) == [entry.name]
    assert "(pinned; not published)" in run("info", entry.name)[1]
    code, _, err = run("path", entry.name)
    assert (code, "cannot be unpacked" in err) == (2, True)
    code, out, _ = run("path", entry.name, "--config")
    assert (code, Path(out.strip()).stem) == (0, "rtmo-s_8xb32-600e_body7-640x640")


def test_a_damaged_file_is_named_and_not_taken(run: Run, tmp_path: Path) -> None:
    (tmp_path / find("human").file).write_bytes(b"half")
    code, _, err = run("import", ".")
    assert code == 2
    assert "other bytes than published: their SHA-256 starts with" in err
    assert not list((tmp_path / "cache").rglob("*.pth"))
