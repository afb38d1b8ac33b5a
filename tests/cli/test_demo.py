"""The first command that a person types."""

from __future__ import annotations

import json

import pytest

from posekit.cli.main import main


def test_demo(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(["demo", "--out", "demo"])
    assert end.value.code == 0
    assert "posekit predict IMAGE.jpg" in capsys.readouterr().out
    assert len(json.loads((tmp_path / "demo" / "predictions.json").read_text())["annotations"]) == 1
    assert (tmp_path / "demo" / "demo_pose.jpg").stat().st_size > 20_000
