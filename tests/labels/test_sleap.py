"""SLEAP's labels; all but the last test need the package sleap-io."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest
from keypoint_data_cases import mice

from posekit.labels.complete import complete
from posekit.labels.format_table import get_format
from posekit.labels.formats.sleap import read, write
from posekit.labels.image_files import decoded
from posekit.labels.keypoint_data import Hints


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
    (first,), (second,) = (image.instances for image in data.images)
    assert first.keypoints.tolist() == [[1, 2, 2], [0, 0, 0], [3, 4.5, 2]]
    assert (first.track, first.scores) == ("a", None)
    assert second.scores.round(3).tolist() == [0.5, 0, 0.7]
    assert [image.path.name for image in data.images] == ["1.png", "2.png"]
    assert data.images[0].video == "cage"
    assert data.left_out == {"predicted instances of frames that were labelled": 1}


def test_images_inside_the_file(sleap, labels, tmp_path):
    """A package is how SLEAP's labels are handed on: its images come out in colour, whatever else is missing."""
    colour = np.dstack([np.full((48, 64), value, np.uint8) for value in (10, 100, 200)])
    cv2.imwrite(str(tmp_path / "cage" / "1.png"), colour)
    package = tmp_path / "labels.pkg.slp"
    found = sleap.load_slp(str(labels))
    found.video.grayscale = False
    sleap.save_slp(found, str(package), embed="user", verbose=False)
    first, second = read(package, Hints()).images
    assert (first.path, first.frame, first.video) == (package, 0, "video0")
    assert np.array_equal(decoded(first), colour)
    assert (second.path.name, second.frame) == ("2.png", None)  # nobody labelled it, so it is not in the package
    shutil.rmtree(tmp_path / "cage")
    package = shutil.copy(package, tmp_path / "handed on.slp")
    with pytest.importorskip("h5py").File(package, "a") as file:  # SLEAP itself notes less than sleap-io does
        backend = {"filename": ".", "dataset": "/video0/video", "input_format": "", "convert_range": False}
        file["videos_json"][0] = json.dumps({"backend": backend})
    data = read(package, Hints())
    assert data.images[0].video == "video0"
    data.images.pop()
    complete(data, ["sizes", "boxes"])
    get_format("coco").write(data, tmp_path / "out", copy_images=False)
    assert np.array_equal(cv2.imread(str(tmp_path / "out/images/handed on/frame000000.png")), colour)


def test_images_that_were_moved(sleap, labels, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    for name in ("labels.slp", "cage"):
        shutil.move(tmp_path / name, tmp_path / "elsewhere" / name)
    beside = read(tmp_path / "elsewhere" / "labels.slp", Hints())
    assert [p.path for p in beside.images] == [tmp_path / "elsewhere" / "cage" / f"{n}.png" for n in (1, 2)]
    shutil.move(tmp_path / "elsewhere" / "cage" / "1.png", tmp_path / "1.png")
    given = read(tmp_path / "elsewhere" / "labels.slp", Hints(images=tmp_path))
    assert [p.path for p in given.images] == [tmp_path / "1.png", tmp_path / "2.png"]
    windows = sleap.Video(filename="C:\\clips\\cage 1.mp4", open_backend=False)
    frame = sleap.LabeledFrame(video=windows, frame_idx=7, instances=[])
    sleap.save_slp(sleap.Labels([frame], skeletons=[sleap.Skeleton(["a"])]), str(labels), embed=False, verbose=False)
    (tmp_path / "cage 1.mp4").touch()
    (image,) = read(labels, Hints()).images
    assert (image.path, image.frame, image.video) == (tmp_path / "cage 1.mp4", 7, "cage 1")


def test_tracks_of_one_name_stay_apart(sleap, labels):
    found = sleap.load_slp(str(labels))
    own = found[0].user_instances[0]
    tracks = [sleap.Track("a"), sleap.Track("a"), sleap.Track("a_2")]
    points = own.numpy()
    found[0].instances = [sleap.Instance.from_numpy(points, skeleton=own.skeleton, track=track) for track in tracks]
    found.tracks = tracks
    sleap.save_slp(found, str(labels), embed=False, verbose=False)
    assert [i.track for i in read(labels, Hints()).images[0].instances] == ["a", "a_2", "a_2_2"]


def test_a_package_without_a_image(sleap, labels, tmp_path):
    package = tmp_path / "labels.pkg.slp"
    sleap.save_slp(sleap.load_slp(str(labels)), str(package), embed="user", verbose=False)
    with pytest.importorskip("h5py").File(package, "a") as file:
        del file["video0/source_video"]
    with pytest.raises(ValueError, match=r"found frame 1 of labels.pkg.slp, which does not hold it, expected a video"):
        read(package, Hints())
    video = sleap.Video(filename=str(tmp_path / "none.h5"), open_backend=False)
    frame = sleap.LabeledFrame(video=video, frame_idx=0, instances=[])
    sleap.save_slp(sleap.Labels([frame], skeletons=[sleap.Skeleton(["a"])]), str(labels), embed=False, verbose=False)
    with pytest.raises(ValueError, match=r"labels.slp: .*none.h5 cannot be read: .*; save it again with SLEAP"):
        read(labels, Hints())


def test_problems(sleap, labels, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none.slp: no such file"):
        read(tmp_path / "none.slp", Hints())
    with pytest.raises(ValueError, match="--keypoints: the skeleton has nose, earL, earR"):
        read(labels, Hints(keypoints=("a",)))
    labels.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no SLEAP labels that can be read"):
        read(labels, Hints())
    with pytest.raises(ValueError, match=r"--copy-images: a .slp file refers to images where they are"):
        write(mice(tmp_path), tmp_path / "out", copy_images=True)
    data = mice(tmp_path / "mice")
    data.images[1].path.unlink()
    with pytest.raises(FileNotFoundError, match=r"image .*1.png: no such file, and SLEAP looks into it"):
        write(data, tmp_path / "out.slp", copy_images=False)


def test_without_the_package(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "sleap_io", None)
    with pytest.raises(ModuleNotFoundError):
        read(tmp_path / "a.slp", Hints())
