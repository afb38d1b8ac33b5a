"""MPII's file of labels, as COCO and as the lists that its dataset reads."""

from __future__ import annotations

import json

import numpy as np
import pytest
from keypoint_data_cases import fake_image
from test_public_sets import make_mpii

from posekit.datasets.datasets.mpii import MpiiDataset
from posekit.keypoints.skeleton import Skeleton
from posekit.labels import Options, convert, get_format
from posekit.labels.keypoint_data import Hints

KNOWN = np.arange(32.0).reshape(16, 2) + 5


def run(source, dest, **options):
    lines = []
    written = convert(source, dest, Options(**options), tell=lines.append, decide_swaps=lambda category: category.swaps)
    return written, "\n".join(lines)


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "raw").mkdir()
    make_mpii(tmp_path / "raw", KNOWN)
    return tmp_path / "raw"


def test_points_count_from_0_and_hidden_ones_are_marked(raw):
    data = get_format("mpii").read(raw, Hints())
    person = data.images[0].instances[0]
    assert np.array_equal(person.keypoints[:, :2], KNOWN)
    assert person.keypoints[:3, 2].tolist() == [2, 1, 2]
    assert person.extra == {"center": [30, 25], "scale": 1.5, "headbox": [10, 10, 13, 14], "head_size": 3.0}
    assert data.images[0].video == "7"
    assert data.left_out == {"people without keypoints": 1}
    assert data.images[1].instances[0].box == (-40, -30, 100, 100)
    assert data.images[2].instances == []


def test_the_lists_train_and_evaluate(raw, tmp_path):
    written, told = run(raw, tmp_path / "mpii", source_format="mpii", dest_format="mpii", split="none")
    assert [path.name for path in written] == ["mpii_test.json", "mpii_trainval.json", "mpii_gt_trainval.mat"]
    assert "left    1 people without keypoints" in told
    entry = json.loads(written[1].read_text())[0]
    assert (entry["image"], entry["scale"], entry["center"]) == ("001.jpg", 1.5, [31, 26])
    assert entry["joints"] == (KNOWN + 1).tolist()
    dataset = MpiiDataset(
        "annotations/mpii_trainval.json",
        data_root=str(tmp_path / "mpii"),
        data_prefix=dict(img="images/"),
        headbox_file=str(written[2]),
        test_mode=True,
    )
    sample = dataset[0]
    assert sample["head_size"] == pytest.approx(3.0)
    assert (tmp_path / "mpii" / "images" / "001.jpg").exists()
    assert np.array_equal(sample["keypoints"][0], KNOWN + 1)  # as the published lists, which count from 1


def test_a_box_stands_in_for_centre_and_scale(raw, tmp_path):
    run(raw, tmp_path / "coco", source_format="mpii", split="none")
    path = tmp_path / "coco" / "annotations.json"
    document = json.loads(path.read_text())
    for annotation in document["annotations"]:
        del annotation["center"], annotation["scale"]
        annotation["bbox"] = [10, 20, 50, 30]
    path.write_text(json.dumps(document))
    written, _ = run(path, tmp_path / "again", dest_format="mpii", split="none", allow_outside=True)
    entry = json.loads(written[0].read_text())[0]
    assert (entry["center"], entry["scale"]) == ([36, 36], 0.2)


def test_files_that_are_not_mpii(raw, tmp_path):
    from scipy.io import savemat

    path = raw / "mpii_human_pose_v1_u12_1.mat"
    savemat(path, {"RELEASE": {"annolist": [1]}})
    with pytest.raises(ValueError, match="found no field 'img_train', expected MPII's own structure; is it MPII"):
        get_format("mpii").read(path, Hints())
    savemat(path, {"RELEASE": {"annolist": [1, 2], "img_train": [1]}})
    with pytest.raises(ValueError, match="found 2 images, expected 1, as img_train has"):
        get_format("mpii").read(path, Hints())
    point = {"id": 16, "x": 1, "y": 2}
    image = {"image": {"name": "1.jpg"}, "annorect": {"annopoints": {"point": point}}}
    savemat(path, {"RELEASE": {"annolist": [image], "img_train": [1]}})
    with pytest.raises(
        ValueError, match=r"annolist\(1\), annorect\(1\), annopoints: found 16.0, expected an id from 0"
    ):
        get_format("mpii").read(path, Hints())


@pytest.mark.parametrize(
    ("names", "file", "message"),
    [
        (["nose", "tail"], "1.jpg", "keypoints are nose, tail; MPII has right_ankle, right_knee"),
        (None, "a.jpg", "image 'a.jpg'; names must differ and be numbers"),
    ],
)
def test_what_the_lists_cannot_hold(names, file, message, tmp_path):
    names = names or list(Skeleton.load("mpii").names)
    fake_image(tmp_path / file)
    annotation = dict(id=1, image_id=1, category_id=1, keypoints=[5, 5, 2] * len(names), bbox=[1, 1, 9, 9])
    document = dict(
        images=[dict(id=1, file_name=file, width=50, height=50)],
        annotations=[annotation],
        categories=[dict(id=1, name="person", keypoints=names)],
    )
    (tmp_path / "a.json").write_text(json.dumps(document))
    with pytest.raises(ValueError, match=message):
        run(tmp_path / "a.json", tmp_path / "out", dest_format="mpii", split="none")
