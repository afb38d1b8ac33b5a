from __future__ import annotations

import json
import re

import cv2
import numpy as np
import pytest

from posekit.labels.doctor.examination import examine
from posekit.labels.doctor.source import file_source
from posekit.labels.doctor.table import InstanceTable
from posekit.reports import doctor_page as page

CATEGORY = dict(id=1, name="fish", keypoints=["mouth", "tail", "fin"], skeleton=[[1, 2]])


@pytest.fixture
def write(tmp_path):
    """Write a COCO file of images in sea/, 80 x 60, with one fish each."""
    (tmp_path / "sea").mkdir()

    def file(name, fish, count=3):
        for i in range(count):
            blots = np.random.default_rng(i).integers(0, 256, (6, 8, 3), np.uint8)
            cv2.imwrite(str(tmp_path / "sea" / f"{i}.png"), cv2.resize(blots, (80, 60)))
        whole = dict(category_id=1, bbox=[10, 10, 40, 30], area=600, num_keypoints=3)
        whole |= dict(keypoints=[15, 15, 2, 40, 30, 2, 30, 20, 1]) | fish
        annotations = [dict(id=i, image_id=i, **whole) for i in range(count)]
        images = [dict(id=i, file_name=f"sea/{i}.png", width=80, height=60) for i in range(count)]
        (tmp_path / name).write_text(json.dumps(dict(images=images, annotations=annotations, categories=[CATEGORY])))
        return file_source(tmp_path / name)

    return file


def test_findings_are_listed_with_links_and_places_are_folded_under_images(write):
    text = page.doctor_page(examine([write("a.json", dict(num_keypoints=1))]))
    assert '<a href="#finding-1"><b class="warning">warning</b> wrong count (3)</a>' in text
    assert 'id="finding-1"' in text
    assert text.index("0.png: annotation 0 on image 0") < text.index("<summary>Places</summary>")


def test_without_images_places_are_in_sight(write):
    text = page.doctor_page(examine([write("a.json", dict(num_keypoints=1))], images=False))
    assert "<summary>Places" not in text
    assert "<li>annotation 0 on image 0</li>" in text


def test_copies_stand_side_by_side_with_the_names_of_their_files(write):
    text = page.doctor_page(examine([write("a.json", {}), write("b.json", {})]))
    pairs = re.findall(r'<div class="images"><figure>(?:(?!</div>).)*</div>', text)
    captions = [re.findall(r"<figcaption>([^<]*)", pair) for pair in pairs]
    assert ["a.json: 0.png", "b.json: 0.png"] in captions


def test_what_lies_outside_of_the_image_is_shown(write):
    source = write("a.json", dict(bbox=[60, 10, 30, 30], keypoints=[65, 15, 2, 95, 30, 2, 70, 20, 1]), count=1)
    table = InstanceTable.read(source)
    window = page.surroundings(table, 0, (60, 80, 3))
    assert window == (51, 1, 100, 48)
    cut = page.cut_out(np.zeros((60, 80, 3), np.uint8), window)
    assert cut.shape == (47, 49, 3)
    assert (cut[:, 29:] == page.GREY).all()
    assert not cut[:, :29].any()


def test_of_an_instance_elsewhere_the_whole_image_is_shown(write):
    table = InstanceTable.read(write("a.json", dict(bbox=[900, 10, 30, 30], keypoints=[905, 15, 2] * 3), count=1))
    assert page.surroundings(table, 0, (60, 80, 3)) == (0, 0, 80, 60)


def test_many_places_make_no_large_page(write):
    found = examine([write("a.json", dict(num_keypoints=1), count=300)])
    assert len(page.doctor_page(found)) < 400_000
