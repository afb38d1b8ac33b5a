"""Crops of people show what the photograph shows, and their labels lie where it lies."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from posekit.registry import DATASETS

TOOLS = Path(__file__).resolve().parents[2] / "tools"
SIZE_WH = (400, 300)
JOINTS = 17


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def photograph(points: np.ndarray) -> np.ndarray:
    """Return a black image with a white blob at each of the points (K, 2)."""
    image = np.zeros((*SIZE_WH[::-1], 3), np.uint8)
    for x, y in points:
        cv2.circle(image, (int(x), int(y)), 4, (255, 255, 255), -1)
    return image


def person(number: int, image_id: int, box: list[float], points: np.ndarray, scores: list[float] | None) -> dict:
    keypoints = np.column_stack([points, np.full(len(points), 2)]).ravel().tolist()
    entry = dict(id=number, image_id=image_id, category_id=1, bbox=box, area=box[2] * box[3] * 0.6, iscrowd=0)
    return {**entry, "keypoints": keypoints, "num_keypoints": len(points)} | (
        {"keypoint_scores": scores} if scores else {}
    )


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of two photographs' crops: a large person, and two of whom one has official labels."""
    low = np.array([[120 + 8 * i, 60 + 12 * i] for i in range(JOINTS)], float)
    small = np.array([[300 + (i % 4) * 5, 100 + i] for i in range(JOINTS)], float)
    scores = [0.1, 0.2, 0.4, 0.6, 0.9, *[0.7] * 12]
    names = [f"k{i}" for i in range(JOINTS)]
    content = dict(
        images=[dict(id=i, file_name=f"{i}.png", width=SIZE_WH[0], height=SIZE_WH[1]) for i in (1, 2)],
        annotations=[
            person(11, 1, [100, 40, 180, 240], low, scores),
            person(12, 2, [290, 95, 30, 30], small, None),
            person(13, 2, [100, 40, 180, 240], low, scores),
        ],
        categories=[dict(id=1, name="person", keypoints=names, skeleton=[])],
    )
    for image_id, points in ((1, low), (2, np.concatenate([low, small]))):
        cv2.imwrite(str(tmp_path / f"{image_id}.png"), photograph(points))
    (tmp_path / "all.json").write_text(json.dumps(content), encoding="utf-8")
    arguments = ["pack_people", str(tmp_path / "all.json"), str(tmp_path), str(tmp_path / "out"), "--dev", "1"]
    monkeypatch.setattr(sys, "argv", arguments)
    tool("pack_people").main()
    return tmp_path / "out"


def read(folder: Path) -> dict[str, list[dict]]:
    return {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("train", "dev")}


def test_people_of_one_photograph_stay_together(packed: Path) -> None:
    counts = sorted(len(part["annotations"]) for part in read(packed).values())
    assert counts == [1, 2]


def test_labels_lie_on_what_they_label(packed: Path) -> None:
    for part in read(packed).values():
        for image, entry in zip(part["images"], part["annotations"], strict=True):
            crop = cv2.imread(str(packed / image["file_name"]))
            assert crop.shape[:2] == (image["height"], image["width"])
            points = np.array(entry["keypoints"]).reshape(-1, 3)
            for x, y, weight in points:
                if weight:
                    assert crop[round(y), round(x)].min() > 200


def test_large_people_become_smaller_and_keep_their_shape(packed: Path) -> None:
    entries = [entry for part in read(packed).values() for entry in part["annotations"]]
    heights = sorted(entry["bbox"][3] for entry in entries)
    assert heights == pytest.approx([30, 208, 208], rel=0.01)
    assert all(entry["area"] == pytest.approx(entry["bbox"][2] * entry["bbox"][3] * 0.6, rel=0.02) for entry in entries)


def test_confidence_becomes_a_weight(packed: Path) -> None:
    entries = [entry for part in read(packed).values() for entry in part["annotations"]]
    weights = sorted([entry["keypoints"][2::3] for entry in entries], key=sum)
    assert weights[0][:5] == pytest.approx([0, 0.5, 0.75, 1, 1])
    assert weights[-1] == [1] * JOINTS
    assert sorted(entry["num_keypoints"] for entry in entries) == [16, 16, 17]


def test_weights_reach_the_samples(packed: Path) -> None:
    part = "train" if len(read(packed)["train"]["annotations"]) == 1 else "dev"
    dataset = DATASETS.build(
        dict(type="CocoDataset", data_root=str(packed), ann_file=f"{part}.json", data_prefix=dict(img=""))
    )
    np.testing.assert_allclose(dataset[0]["keypoints_visible"][0, :5], [0, 0.5, 0.75, 1, 1])


def test_webp_crops_are_smaller_and_read_alike(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = tmp_path / "small"
    arguments = [str(tmp_path / "all.json"), str(tmp_path), str(small), "--dev", "1", "--webp", "70"]
    monkeypatch.setattr(sys, "argv", ["pack_people.py", *arguments])
    tool("pack_people").main()
    names = [image["file_name"] for image in json.loads((small / "train.json").read_text())["images"]]
    assert {Path(name).suffix for name in names} == {".webp"}
    for name in names:
        webp, jpeg = small / name, (packed / name).with_suffix(".jpg")
        assert webp.stat().st_size < jpeg.stat().st_size
        assert cv2.imread(str(webp)).shape == cv2.imread(str(jpeg)).shape
