"""A format gives back all that it was given, after what it cannot hold was taken out and listed."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from keypoint_data_cases import data_sets, mice, plain, there_and_back, what_remains

from posekit.labels.format_table import MODULES, get_format
from posekit.labels.keypoint_data import Hints, KeypointData
from posekit.labels.losses import numbered_names

NEEDS_PACKAGE = {"sleap": "sleap_io"}
TESTED = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name in NEEDS_PACKAGE and importlib.util.find_spec(NEEDS_PACKAGE[name]) is None,
            reason=f"needs {NEEDS_PACKAGE.get(name)}",
        ),
    )
    for name in MODULES
]


def said(name: str, data: KeypointData, root: Path) -> Hints:
    """Return what a person has to say to files that name neither images nor keypoints."""
    count = len(data.categories[data.main_category()].keypoints)
    return Hints(root, numbered_names(count)) if name == "openpose" else Hints()


LOST = {
    "coco": "",
    "yolo": "crowds other_keypoints outside areas segmentations tracks scores ids videos links extra",
    "deeplabcut": (
        "crowds other_categories unlabelled hidden unlabelled_positions boxes areas segmentations uneven_tracks "
        "scores ids splits sizes swaps extra"
    ),
    "sleap": (
        "crowds other_categories unlabelled hidden unlabelled_positions boxes areas segmentations mixed_scores ids "
        "videos splits sizes extra"
    ),
    "labelstudio": (
        "other_keypoints unlabelled_positions areas segmentations tracks scores ids videos splits links swaps extra"
    ),
    "cvat": "areas segmentations scores instance_ids category_ids videos swaps extra",
    "labelme": (
        "other_keypoints unlabelled_positions areas segmentations tracks scores ids videos splits links swaps extra"
    ),
    "openpose": (
        "crowds other_categories hidden unlabelled_positions boxes areas segmentations worded_tracks ids videos splits "
        "sizes links swaps keypoint_names category_names extra"
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_what_a_format_cannot_hold(name):
    assert " ".join(get_format(name).loses) == LOST[name]


@pytest.mark.parametrize("name", TESTED)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=data_sets())
def test_round_trip(name, data):
    folder = Path(tempfile.mkdtemp(prefix="posekit_test_"))
    try:
        root = data.images[0].path.parents[2]
        written, read = there_and_back(data, name, folder, hints=said(name, data, root))
        assert read == written
    finally:
        shutil.rmtree(folder)
        shutil.rmtree(root)


@pytest.mark.parametrize("name", TESTED)
def test_mice(name, tmp_path):
    data = mice(tmp_path / "images")
    written, read = there_and_back(data, name, tmp_path, hints=said(name, data, tmp_path / "images"))
    assert read == written
    assert sum(len(image[-1]) for image in read["images"].values()) == 6


def test_losses_are_counted(tmp_path):
    _, lost = what_remains(mice(tmp_path), "openpose")
    assert lost == [
        "6 marks of hidden keypoints (visibility 1)",
        "6 boxes",
        "6 areas",
        "10 ids of images, objects and categories",
        "3 images' video names",
        "3 image sizes",
        "2 skeleton links",
        "1 flip pair",
        "4 keypoint names",
        "1 category name",
    ]
    assert what_remains(mice(tmp_path), "coco")[1] == []


def test_names_given_again(tmp_path):
    data = mice(tmp_path / "images")
    form = get_format("openpose")
    form.write(what_remains(data, "openpose")[0], tmp_path / "out", copy_images=False)
    back = form.read(tmp_path / "out", Hints(keypoints=data.categories[0].keypoints, images=tmp_path / "images"))
    assert back.categories[0].keypoints == data.categories[0].keypoints
    assert [image.path for image in back.images] == [image.path for image in data.images]


def test_data_that_is_handed_over_stays_as_it_was(tmp_path):
    data = mice(tmp_path)
    before = plain(data)
    what_remains(data, "openpose")
    assert plain(data) == before
