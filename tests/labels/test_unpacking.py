"""What all public sets that are unpacked share: frames of videos, places, options."""

from __future__ import annotations

import numpy as np
import pytest
from raw_set_cases import make_video, number_of, unpack

from posekit.labels import get_format
from posekit.labels.format_table import RAW_MODULES
from posekit.labels.public_sets.mocap_takes import Take, write_takes
from posekit.labels.public_sets.unpacking import UnpackingJob
from posekit.media.video import extract_frames


@pytest.mark.parametrize(
    ("fps", "expected"),
    [
        (30, {0: 0, 3: 3, 6: 6}),
        (60, {0: 0, 1: 2, 3: 6}),
        (15, {0: 0, 1: 0, 2: 1, 3: 1, 12: 6}),
        (25, {0: 0, 4: 3, 5: 4, 6: 5}),  # every fifth frame of the video comes twice
    ],
)
def test_frames_at_another_rate(fps, expected, tmp_path):
    video = make_video(tmp_path / "a.avi", rate=fps)
    targets = {number: tmp_path / f"{number}.png" for number in (*expected, 99)}
    assert extract_frames(video, targets, rate=30) == {99}
    assert {number: number_of(targets[number]) for number in expected} == expected


def test_nothing_of_a_video(tmp_path):
    take = Take(make_video(tmp_path / "a.avi"), ["a.jpg"], np.ones((1, 2, 2)), np.ones((1, 2)), np.ones((1, 2, 3)), [9])
    with pytest.raises(FileNotFoundError, match=r"a.avi: holds none of the 1 labelled frames; bring them there, or"):
        write_takes(UnpackingJob(tmp_path, tmp_path / "out", print), tmp_path / "out" / "a.npz", [take])


NAMES = ("h36m", "mpi-inf-3dhp", "ubody", "ubody3d")


def test_every_unpacked_set_is_tested():
    assert {name for name in RAW_MODULES if get_format(name).unpacking} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_places(name, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder, seen from"):
        unpack(name, tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(ValueError, match="source and destination are the same"):
        unpack(name, tmp_path, tmp_path)
    (tmp_path / "a.json").touch()
    with pytest.raises(ValueError, match=rf"a.json: {name} is written to a folder, and this is a file"):
        unpack(name, tmp_path, tmp_path / "a.json")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("h36m", dict(dest_format="coco"), "--to: says nothing about h36m; leave it out"),
        ("ubody", dict(category="person"), "--category: says nothing about ubody; leave it out"),
        ("coco", dict(every=2), "--every: says nothing about coco; leave it out"),
        ("coco", dict(frames=False), "--no-frames: says nothing about coco; leave it out"),
        ("h36m", dict(every=0), "--every 0: give 1 or more"),
        ("ubody", dict(every=2), "--every 2: says nothing about ubody, whose labels name their frames"),
        ("h36m", dict(split="val=0.2"), "--split val=0.2: not of h36m; its authors divided it; leave it out"),
        ("ubody", dict(split="val=0.2"), "--split val=0.2: not of ubody; give intra or inter"),
    ],
)
def test_wrong_options(name, options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        unpack(name, tmp_path, tmp_path / "out", **options)


def test_unpacked_sets_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="--to h36m: this format can only be read"):
        unpack("coco", tmp_path, tmp_path / "out", dest_format="h36m")
