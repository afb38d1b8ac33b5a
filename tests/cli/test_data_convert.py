"""``posekit data convert`` on the command line: flip pairs are confirmed, names are given, errors are one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from posekit.cli import main as cli
from posekit.keypoints.skeleton import Skeleton

NAMES = ["nose", "leftear", "rightear"]


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main([str(argument) for argument in arguments])
    return int(done.value.code or 0)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A COCO file of two mice."""
    images = [{"id": i, "file_name": f"{i}.jpg", "width": 64, "height": 48} for i in (1, 2)]
    labels = [{"id": i, "image_id": i, "category_id": 1, "keypoints": [1, 2, 2, 3, 4, 1, 5, 6, 2]} for i in (1, 2)]
    category = {"id": 1, "name": "mouse", "keypoints": NAMES}
    path = tmp_path / "source.json"
    path.write_text(json.dumps({"images": images, "annotations": labels, "categories": [category]}))
    return path


@pytest.mark.parametrize(
    ("options", "flip", "text"),
    [
        (["--yes"], (0, 2, 1), "proposed to trade places in a mirrored image: leftear and rightear"),
        (["--no-flip"], (0, 1, 2), "flip    none, as given"),
        (["--swap", "nose:rightear"], (2, 1, 0), "flip    nose and rightear, as given"),
    ],
)
def test_flip_pairs(options, flip, text, source, tmp_path, capsys):
    assert call("data", "convert", source, tmp_path / "out", "--split", "none", *options) == 0
    assert text in capsys.readouterr().out
    assert Skeleton.load(tmp_path / "out" / "keypoint_set.py").flip_indices == flip
    assert call("data", "convert", tmp_path / "out", tmp_path / "again", "--split", "none") == 0
    assert "as the source states" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "flip"), [("y\n", (0, 2, 1)), ("\n", (0, 2, 1)), ("n\n\n", (0, 1, 2)), ("n\nnose:leftear\n", (1, 0, 2))]
)
def test_asking(typed, flip, source, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from posekit.cli.data import app

    monkeypatch.setattr("posekit.cli.data_convert.asks", lambda: True)
    arguments = ["convert", str(source), str(tmp_path / "out"), "--split", "none"]
    done = CliRunner().invoke(app, arguments, input=typed, catch_exceptions=False)
    assert done.exit_code == 0
    assert Skeleton.load(tmp_path / "out" / "keypoint_set.py").flip_indices == flip


def test_nobody_to_ask(source, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert call("data", "convert", source, tmp_path / "out", "--split", "none") == cli.USER_ERROR
    assert "need to be confirmed: give --yes, or --swap A:B" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_no_question_without_need(source, tmp_path, capsys):
    assert call("data", "convert", source, tmp_path / "out", "--to", "labelme") == 0
    assert "flip" not in capsys.readouterr().out


def test_no_pairs_to_be_found(source, tmp_path, capsys):
    source.write_text(source.read_text().replace("leftear", "ear1").replace("rightear", "ear2"))
    assert call("data", "convert", source, tmp_path / "out", "--split", "none") == 0
    assert (
        "no pairs, as no two names differ in left and right; if that is wrong, give --swap" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--yes", "--no-flip"], "--yes, --swap and --no-flip contradict each other"),
        (["--padding", "-1"], "--padding -1.0: give a share"),
        (["--keypoints", "a,b,a"], "--keypoints: 'a' comes twice"),
        (["--keypoints", "cocoo"], "keypoint set 'cocoo': no such file"),
        (["--to", "tiff"], "no data format 'tiff'; there are coco"),
        (["--images", "nowhere"], "--images nowhere: no such folder"),
    ],
)
def test_wrong_options(options, message, source, tmp_path, capsys):
    assert call("data", "convert", source, tmp_path / "out", *options) == cli.USER_ERROR
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_names_of_a_keypoint_set(source, tmp_path):
    assert call("data", "convert", source, tmp_path / "a.json", "--keypoints", "a,b,c", "--no-flip") == 0
    assert json.loads((tmp_path / "a.json").read_text())["categories"][0]["keypoints"] == ["a", "b", "c"]
    from posekit.cli.data_convert import keypoint_names

    assert keypoint_names("coco")[0] == "nose"


def test_missing_packages_are_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sleap_io", None)
    (tmp_path / "a.slp").touch()
    assert call("data", "convert", tmp_path / "a.slp", tmp_path / "out") == cli.USER_ERROR
    text = capsys.readouterr().err
    assert "needs the package sleap_io, which is not installed: pip install 'posekit[data]'" in text


def test_the_open_field_in_one_command(shared, tmp_path, capsys):
    assert (
        call("data", "convert", shared / "data" / "dlc-openfield", tmp_path / "openfield", "--to", "coco", "--yes") == 0
    )
    assert "93 train, 23 val" in capsys.readouterr().out
    from posekit.datasets.datasets.body import CocoDataset

    dataset = CocoDataset(
        "val.json",
        data_root=str(tmp_path / "openfield"),
        metainfo=dict(from_file=str(tmp_path / "openfield" / "keypoint_set.py")),
        test_mode=True,
    )
    assert len(dataset) == 23
    assert dataset.metainfo["flip_pairs"] == [[1, 2]]
    assert Path(dataset[0]["img_path"]).is_file()
