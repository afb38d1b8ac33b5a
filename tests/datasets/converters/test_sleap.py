"""SLEAP's labels; all but the last test need the package sleap-io."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from keypoint_data_cases import mice

from posekit.datasets.converters.keypoint_data import Hints
from posekit.datasets.converters.sleap import read, write


@pytest.fixture
def sleap():
    return pytest.importorskip("sleap_io")


@pytest.fixture
def labels(sleap, tmp_path):
    """Two frames: one with labels and a prediction, one with a prediction only."""
    paths = []
    for number in (1, 2):
        paths.append(str(tmp_path / "cage" / f"{number}.png"))
        (tmp_path / "cage").mkdir(exist_ok=True)
        cv2.imwrite(paths[-1], np.zeros((48, 64, 3), np.uint8))
    skeleton = sleap.Skeleton(nodes=["nose", "earL", "earR"], edges=[("nose", "earL")], name="mouse")
    video = sleap.load_video(paths)
    points = np.array([[1, 2], [np.nan, np.nan], [3, 4.5]])
    own = sleap.Instance.from_numpy(points, skeleton=skeleton, track=sleap.Track("a"))
    scores = np.array([0.5, 0.0, 0.7])
    guess = sleap.PredictedInstance.from_numpy(points, skeleton, point_scores=scores)
    frames = [
        sleap.LabeledFrame(video=video, frame_idx=0, instances=[own, guess]),
        sleap.LabeledFrame(video=video, frame_idx=1, instances=[guess]),
    ]
    sleap.save_slp(sleap.Labels(frames), str(tmp_path / "labels.slp"), verbose=False)
    return tmp_path / "labels.slp"


def test_predictions_only_where_nobody_labelled(labels):
    data = read(labels, Hints())
    assert data.categories[0].keypoints == ("nose", "earL", "earR")
    assert data.categories[0].links == ((0, 1),)
    assert data.categories[0].swaps is None
    (first,), (second,) = (picture.instances for picture in data.pictures)
    assert first.keypoints.tolist() == [[1, 2, 2], [0, 0, 0], [3, 4.5, 2]]
    assert (first.track, first.scores) == ("a", None)
    assert second.scores.round(3).tolist() == [0.5, 0, 0.7]
    assert [picture.path.name for picture in data.pictures] == ["1.png", "2.png"]
    assert data.pictures[0].video == "cage"


def test_problems(sleap, labels, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.slp: no such file"):
        read(tmp_path / "none.slp", Hints())
    with pytest.raises(ValueError, match="--keypoints: the skeleton has nose, earL, earR"):
        read(labels, Hints(keypoints=("a",)))
    labels.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no SLEAP labels that can be read"):
        read(labels, Hints())
    with pytest.raises(ValueError, match=r"--copy-images: a .slp file refers to pictures where they are"):
        write(mice(tmp_path), tmp_path / "out", copy_images=True)
    data = mice(tmp_path / "mice")
    data.pictures[1].path.unlink()
    with pytest.raises(FileNotFoundError, match=r"picture .*1.png: no such file, and SLEAP looks into it"):
        write(data, tmp_path / "out.slp", copy_images=False)


def test_without_the_package(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "sleap_io", None)
    with pytest.raises(ModuleNotFoundError):
        read(tmp_path / "a.slp", Hints())
