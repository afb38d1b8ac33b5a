"""Sizes and names of image files as cameras, editors and accidents leave them."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posekit.labels import Options, convert, get_format
from posekit.labels.image_files import images_in
from posekit.labels.keypoint_data import Category, Hints, KeypointData, LabelledImage
from posekit.media.image_file import image_size, read_image
from posekit.media.image_header import ImageFileError

Image = pytest.importorskip("PIL.Image")

KINDS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP")
TURNED = ("JPEG", "PNG", "WEBP", "TIFF")
PIXELS = np.random.default_rng(0).integers(0, 255, (6, 10, 3), np.uint8)


def encoded(kind: str, orientation: int = 1) -> bytes:
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    Image.fromarray(PIXELS).save(file, kind, **({"exif": exif} if kind in TURNED else {}))
    return file.getvalue()


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("kind", TURNED)
def test_the_size_is_that_of_the_image_in_training(kind, orientation, tmp_path):
    path = tmp_path / "a.img"
    path.write_bytes(encoded(kind, orientation))
    height, width = read_image(path).shape[:2]
    assert image_size(path) == (width, height)


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    orientation=st.sampled_from([1, 6]),
    changes=st.dictionaries(st.integers(0, 500), st.integers(0, 255), max_size=6),
    cut=st.integers(0, 600),
)
def test_any_damage_gives_a_size_or_one_clear_error(kind, orientation, changes, cut, tmp_path_factory):
    data = bytearray(encoded(kind, orientation))[: max(600 - cut, 0) or None]
    for place, value in changes.items():
        if place < len(data):
            data[place] = value
    path = tmp_path_factory.getbasetemp() / "damaged.img"
    path.write_bytes(data)
    for look in (image_size, read_image):
        with contextlib.suppress(ImageFileError):
            look(path)


def test_what_is_no_plain_file_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    for name in ("pipe.jpg", "folder.jpg"):
        with pytest.raises(ImageFileError, match=rf"{name}: cannot be read \(it is a folder or a device\)"):
            image_size(tmp_path / name)
    assert images_in(tmp_path) == [tmp_path / "pipe.jpg"]


def test_images_of_phones_are_named(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    with pytest.raises(ImageFileError, match="the file is AVIF, HEIC or a video, which is none of JPEG"):
        read_image(tmp_path / "a.jpg")


def test_a_name_that_xml_cannot_hold_is_refused(tmp_path):
    data = KeypointData([Category("mouse")], [LabelledImage(tmp_path / "n\udce4me.png", size_wh=(10, 6))])
    with pytest.raises(ValueError, match=r"n\\udce4me.png'?: XML cannot hold this name of an image; rename the file"):
        get_format("cvat").write(data, tmp_path / "out", copy_images=False)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("dest", ["coco", "yolo", "labelme", "labelstudio"])
def test_a_name_that_is_no_utf8_goes_through(dest, tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/n\xe4me.png"))
    cv2.imwrite(str(tmp_path / "a.png"), PIXELS)
    try:
        (tmp_path / "a.png").rename(path)
    except OSError:
        pytest.skip("the file system has no such names")
    mouse = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 4, 5], "keypoints": [2, 3, 2, 4, 5, 2]}
    category = {"id": 1, "name": "mouse", "keypoints": ["nose", "tail"]}
    labels = {"images": [{"id": 1, "file_name": path.name}], "annotations": [mouse], "categories": [category]}
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    options = Options(dest_format=dest, split="none")
    run = {"tell": lambda line: None, "decide_swaps": lambda category: (0, 1)}
    convert(tmp_path / "labels.json", tmp_path / "out", options, **run)
    hints = Hints(images=tmp_path if dest in ("labelme", "labelstudio") else None)
    found = get_format(dest).read(tmp_path / "out", hints).images[0]
    assert found.path.name == path.name
    assert found.path.is_file()
