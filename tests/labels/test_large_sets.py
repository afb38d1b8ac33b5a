"""Files with more keypoint names, links or categories than anybody has."""

from __future__ import annotations

import json

import pytest

from posekit.cli import main as cli

NAMES, LINKS, CATEGORIES = 100_000, 20_000, 30_001


def call(*arguments) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main(["data", *map(str, arguments)])
    return int(done.value.code or 0)


def write(path, *, names: int = 3, links: int = 0, categories: int = 1):
    listed = [{"id": number + 1, "name": f"c{number}"} for number in range(categories)]
    listed[0] |= {
        "keypoints": [f"kp{number}" for number in range(names)],
        "skeleton": [[1 + number % names, 1 + (number + 1) % names] for number in range(links)],
    }
    person = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5], "keypoints": [3, 3, 2] * names}
    image = {"id": 1, "file_name": "a.jpg", "width": 40, "height": 40}
    path.write_text(json.dumps({"images": [image], "annotations": [person], "categories": listed}))
    return path


def test_too_many_names_are_refused_at_once(tmp_path, capsys):
    file = write(tmp_path / "a.json", names=NAMES)
    assert call("check", file, "--max-images", 0) == 2
    assert f"error: {file}: " in (err := capsys.readouterr().err)
    assert "100,000 keypoints; at most 10,000 can be used" in err
    assert call("convert", file, tmp_path / "out", "--to", "yolo", "--yes") == 2
    assert "categories[0], keypoints: found 100,000 names, expected at most 10,000" in capsys.readouterr().err


def test_as_many_names_and_links_as_are_allowed_are_read(tmp_path):
    file = write(tmp_path / "a.json", names=10_000, links=LINKS)
    assert call("check", file, "--max-images", 0) == 0


def test_too_many_categories_are_refused(tmp_path, capsys):
    file = write(tmp_path / "a.json", categories=CATEGORIES)
    assert call("convert", file, tmp_path / "out", "--to", "yolo", "--yes") == 2
    assert "categories: found 30,001, expected at most 30,000" in capsys.readouterr().err
