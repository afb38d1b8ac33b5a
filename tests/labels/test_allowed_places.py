"""A label file from somebody else makes posekit copy or link nothing but images where the person pointed to."""

from __future__ import annotations

import json

import pytest
from keypoint_data_cases import fake_image

from posekit.labels import Options, convert
from posekit.labels.keypoint_data import Hints
from posekit.media.image_file import ImageFileError


@pytest.fixture
def labels(tmp_path):
    """Return a function that writes a COCO file naming one image; a folder of private things lies beside."""
    fake_image(tmp_path / "private" / "me.png", 64, 48)
    (tmp_path / "private" / "passwd").write_text("root:x:0:0")
    person = dict(id=1, image_id=1, category_id=1, bbox=[1, 2, 30, 20], area=600, iscrowd=0, keypoints=[5, 6, 2])
    category = dict(id=1, name="mouse", keypoints=["snout"], skeleton=[])

    def write(name, folder="download"):
        image = dict(id=1, file_name=name, width=64, height=48)
        path = tmp_path / folder / "labels.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(dict(images=[image], annotations=[person], categories=[category])))
        return path

    return write


def run(source, dest, **options):
    lines = []
    options = {"copy_images": True, "dest_format": "yolo", "split": "none", **options}
    convert(source, dest, Options(**options), tell=lines.append, decide_swaps=lambda category: (0,))
    return "\n".join(lines)


@pytest.mark.parametrize("copy", [True, False], ids=["copied", "linked"])
@pytest.mark.parametrize("way", ["up", "absolute"])
def test_images_elsewhere_are_refused_by_name(labels, tmp_path, copy, way):
    name = "../private/me.png" if way == "up" else str(tmp_path / "private" / "me.png")
    source = labels(name)
    with pytest.raises(
        ValueError, match=r"labels.json names 1 file outside of .*download:\n  .*me.png\ngive .*--images"
    ):
        run(source, tmp_path / "out", copy_images=copy)
    assert not (tmp_path / "out").exists()


def test_images_elsewhere_are_listed_where_they_are_allowed(labels, tmp_path):
    text = run(labels("../private/me.png"), tmp_path / "out", allow_outside=True)
    assert "outside " in text
    assert len(list((tmp_path / "out").rglob("*.png"))) == 1


def test_the_folder_that_a_person_names_is_allowed(labels, tmp_path):
    assert "outside" not in run(labels("me.png"), tmp_path / "out", hints=Hints(images=tmp_path / "private"))


def test_a_folder_of_labels_belongs_to_those_beside_it(labels, tmp_path):
    assert "outside" not in run(labels("../private/me.png", folder="annotations"), tmp_path / "out")


def test_what_is_no_image_is_never_copied(labels, tmp_path):
    source = labels("../private/passwd")
    with pytest.raises(ImageFileError, match="passwd"):
        run(source, tmp_path / "out", allow_outside=True)
    assert not (tmp_path / "out").exists()


def test_coco_only_names_the_images(labels, tmp_path):
    assert "outside" not in run(labels("../private/me.png"), tmp_path / "out.json", copy_images=False, dest_format=None)
