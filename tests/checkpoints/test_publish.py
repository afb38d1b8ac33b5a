"""Checkpoints made ready to hand out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from posekit.checkpoints.load import open_checkpoint
from posekit.checkpoints.publish import publish
from posekit.cli.main import main


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """The checkpoint of a run, with what going on takes."""
    big = torch.arange(1000.0)
    content = {
        "meta": {"epoch": 3, "dataset_meta": {"keypoint_id2name": {0: "nose"}}, "cfg": "model = dict()"},
        "state_dict": {"head.weight": big[:4].reshape(2, 2), "head.bias": torch.ones(2)},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(5000)}}}],
        "loops": {"epoch": 3},
    }
    path = tmp_path / "last.pth"
    torch.save(content, path)
    return path


def test_the_name_has_the_hash_of_the_file(trained: Path) -> None:
    done = publish(trained)
    digest = hashlib.sha256(done.path.read_bytes()).hexdigest()
    assert done.path == trained.parent / f"last-{digest[:8]}.pth"
    assert done.sha256 == digest
    assert done.dropped == ["optimizer_states", "loops"]
    assert done.path.stat().st_size < 3000 < trained.stat().st_size


def test_weights_and_meta_stay(trained: Path, tmp_path: Path) -> None:
    for out in (tmp_path / "best.pth", tmp_path / "best.safetensors"):
        published = open_checkpoint(publish(trained, out).path)
        assert torch.equal(published.state["head.weight"], torch.tensor([[0.0, 1.0], [2.0, 3.0]]))
        assert published.meta["dataset_meta"]["keypoint_id2name"] == {0: "nose"}
    assert len(list(tmp_path.glob("best-*.json"))) == 1
    content = torch.load(next(tmp_path.glob("best-*.pth")), weights_only=True)
    assert set(content) == {"meta", "state_dict"}


def test_publishing_again_gives_the_same_file(trained: Path, tmp_path: Path) -> None:
    first = publish(trained, tmp_path / "a.pth").path
    assert publish(first, force=True).path == first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["last.pth", "--out", "a.onnx"], "a.onnx: the file name must end in .pth or .safetensors"),
        (["nowhere.pth"], "nowhere.pth: no such checkpoint"),
        (["empty.pth"], "empty.pth: holds no weights"),
    ],
)
def test_what_cannot_be_published(
    arguments: list[str], message: str, trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(trained.parent)
    torch.save({"meta": {}}, "empty.pth")
    with pytest.raises(SystemExit, match="2"):
        main(["checkpoint", "publish", *arguments])
    assert message in capsys.readouterr().err


def test_the_command_says_what_it_left_out(trained: Path, capsys: pytest.CaptureFixture) -> None:
    for code in ("0", "2"):
        with pytest.raises(SystemExit, match=code):
            main(["checkpoint", "publish", str(trained)])
    out, err = capsys.readouterr()
    assert "left out: optimizer_states, loops" in out
    assert "2 weights" in out
    assert "is there already" in err
