from __future__ import annotations

import json

import pytest

from posekit.cli import main as cli


@pytest.fixture(autouse=True)
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images = [dict(id=t, file_name="a.mp4", frame_id=t) for t in range(3)]
    rows = [
        dict(id=t, image_id=t, keypoints=[x, 0, 1, x + 90, 90, 1], bbox=[x, 0, 90, 90]) for t, x in enumerate([0, 4, 2])
    ]
    (tmp_path / "p.json").write_text(json.dumps(dict(images=images, annotations=rows)))


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main(arguments)
    return int(done.value.code or 0)


def rows(path) -> list[dict]:
    return json.loads(path.read_text())["annotations"]


def test_track(tmp_path, capsys):
    assert call("track", "p.json", "-o", "t.json") == 0
    assert "3 poses in 3 frames belong to 1 track: t.json" in capsys.readouterr().out
    assert [row["track_id"] for row in rows(tmp_path / "t.json")] == [1, 1, 1]
    assert call("track", "p.json", "-o", "t.json", "--min-similarity", "1") == 0
    assert [row["track_id"] for row in rows(tmp_path / "t.json")] == [1, 2, 3]


def test_smooth_tracks_first(tmp_path, capsys):
    assert call("smooth", "p.json", "--out", "s.json", "--filter", "median") == 0
    assert "1 track in 3 frames smoothed (median): s.json" in capsys.readouterr().out
    assert [row["keypoints"][0] for row in rows(tmp_path / "s.json")] == [0, 2, 2]


def test_smooth_in_place(tmp_path):
    assert call("smooth", "p.json", "--out", "p.json", "--filter", "one-euro", "--fps", "10", "--beta", "0") == 0
    assert 0 < rows(tmp_path / "p.json")[1]["keypoints"][0] < 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["track", "none.json", "-o", "t.json"], "none.json' is not there"),
        (["track", "p.json", "-o", "."], "is a folder; name a file"),
        (["track", "p.json", "-o", "t.json", "--weak", "0.9"], "expected 0 <= weak <= confident"),
        (["smooth", "p.json", "-o", "t.json", "--filter", "kalman"], "no filter 'kalman'; there are one-euro, savgol"),
        (["smooth", "p.json", "-o", "t.json", "--sigma", "1"], "the filter savgol has no sigma; it has window, degree"),
    ],
)
def test_wrong_arguments(arguments, message, capsys):
    assert call(*arguments) == cli.USER_ERROR
    assert message in capsys.readouterr().err
