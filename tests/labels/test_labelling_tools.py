"""Files as labelling tools and other programs write them, which is not always as posekit does."""

from __future__ import annotations

import base64
import json
import random

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keypoint_data_cases import TOKENS, check_reading, fake_image, png_header

from posekit.labels.format_table import get_format, guess_format
from posekit.labels.formats.openpose import BODY_25
from posekit.labels.image_files import decoded, fill_sizes
from posekit.labels.keypoint_data import Hints
from posekit.labels.text_files import read_xml

CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><job><labels>
<label><name>mouse</name><type>skeleton</type><attributes></attributes><svg>&lt;line x1="1" y1="1" x2="2" y2="2"
 data-type="edge" data-node-from="2" data-node-to="1"&gt;&lt;/line&gt;&lt;circle data-type="element node"
 data-element-id="1" data-node-id="1" data-label-name="snout"&gt;&lt;/circle&gt;&lt;circle data-element-id="2"
 data-node-id="2" data-label-name="tail"&gt;&lt;/circle&gt;</svg></label>
<label><name>snout</name><type>points</type><parent>mouse</parent></label>
<label><name>tail</name><type>points</type><parent>mouse</parent></label>
</labels></job></meta>
<image id="0" name="cage/1.png" width="64" height="48">
 <skeleton label="mouse" source="manual" z_order="0">
  <points label="tail" source="manual" outside="0" occluded="1" points="3.50,4.25"></points>
  <points label="snout" source="manual" outside="1" occluded="0" points="1.00,2.00"></points>
 </skeleton>
 <polygon label="mouse" points="1,2;3,4;5,6"></polygon>
</image>
<image id="1" name="cage/2.png" width="64" height="48"></image>
</annotations>"""


def test_cvat_skeletons(tmp_path):
    (tmp_path / "annotations.xml").write_text(CVAT)
    fake_image(tmp_path / "images" / "cage" / "1.png")
    assert guess_format(tmp_path).name == "cvat"
    data = get_format("cvat").read(tmp_path, Hints())
    category = data.categories[0]
    assert (category.name, category.keypoints, category.links) == ("mouse", ("snout", "tail"), ((1, 0),))
    assert data.images[0].instances[0].keypoints.tolist() == [[1, 2, 0], [3.5, 4.25, 1]]
    assert data.images[0].path == tmp_path / "images" / "cage" / "1.png"
    assert data.images[1].instances == []


POINTS = """<annotations><meta><task><labels><label><name>tail</name><type>points</type></label>
<label><name>snout</name><type>points</type></label></labels></task></meta>
<image id="0" name="1.png" width="64" height="48">
<points label="snout" occluded="0" points="1,2"/><points label="tail" occluded="0" points="3,4"/>
<points label="snout" occluded="0" points="5,6"/></image></annotations>"""


def test_cvat_points(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(POINTS)
    data = get_format("cvat").read(path, Hints())
    assert [category.keypoints for category in data.categories] == [("tail", "snout")]
    assert [i.keypoints.tolist() for i in data.images[0].instances] == [
        [[3, 4, 2], [1, 2, 2]],
        [[0, 0, 0], [5, 6, 2]],
    ]
    path.write_text(POINTS.replace('label="snout" occluded="0" points="5,6"', 'label="fly" points="5,6;7,8"'))
    data = get_format("cvat").read(path, Hints())
    assert [(category.name, len(category.keypoints)) for category in data.categories] == [("object", 2), ("fly", 2)]
    more = path.read_text().replace("</image>", '<box label="fly" xtl="1" ytl="1" xbr="3" ybr="3"/></image>')
    path.write_text(more)
    assert [i.keypoints.shape for i in get_format("cvat").read(path, Hints()).images[0].instances][1] == (2, 3)
    path.write_text(more.replace("<box", '<points label="fly" points="5,6;7,8;9,9"/><box'))
    with pytest.raises(ValueError, match="label fly: found objects of 3 and 2 points, expected one number of points"):
        get_format("cvat").read(path, Hints())
    with pytest.raises(ValueError, match="--keypoints: there are points labelled 'snout'"):
        get_format("cvat").read(path, Hints(keypoints=("tail", "nose")))


ROBOFLOW = """train: ../train/images
val: ../valid/images
nc: 1
names: ['mouse']
kpt_shape: [1, 3]
flip_idx: [0]
"""

BOXED = """<annotations><meta><task><labels><label><name>mouse</name><type>rectangle</type></label>
<label><name>cage</name><type>rectangle</type></label><label><name>tail</name><type>points</type></label>
<label><name>snout</name><type>points</type></label></labels></task></meta>
<image id="0" name="1.png" subset="Validation" width="64" height="48">
<box label="mouse" xtl="0" ytl="0" xbr="10" ybr="10"><attribute name="track_id">7</attribute></box>
<box label="cage" xtl="0" ytl="0" xbr="64" ybr="48" group_id="0"/>
<box label="mouse" xtl="30" ytl="20" xbr="50" ybr="30" rotation="90.00" group_id="4"/>
<points label="snout" points="1,2"/><points label="tail" occluded="1" points="3,4"/>
<points label="snout" points="60,40" group_id="4"/><polygon label="mouse" points="1,2;3,4;5,6"/>
</image></annotations>"""


def test_cvat_points_and_boxes(tmp_path):
    """Loose points belong to the box that they lie in, or whose group they share; turned boxes become upright ones."""
    (tmp_path / "annotations.xml").write_text(BOXED)
    data = get_format("cvat").read(tmp_path, Hints())
    assert [(c.name, c.keypoints) for c in data.categories] == [("mouse", ("tail", "snout")), ("cage", ())]
    assert data.images[0].split == "val"
    assert data.left_out == {"polygons": 1}
    cage, first, second = data.images[0].instances
    assert (cage.category, cage.box, len(cage.keypoints)) == (1, (0, 0, 64, 48), 0)
    assert (first.category, first.box, first.track) == (0, (0, 0, 10, 10), "7")
    assert first.keypoints.tolist() == [[3, 4, 1], [1, 2, 2]]
    assert second.box == pytest.approx((35, 15, 10, 20))
    assert second.keypoints.tolist() == [[0, 0, 0], [60, 40, 2]]
    (tmp_path / "annotations.xml").write_text(BOXED.replace("</image>", '<points label="snout" points="2,2"/></image>'))
    assert [c.name for c in get_format("cvat").read(tmp_path, Hints()).categories] == ["mouse", "cage"]
    twice = BOXED.replace("</image>", '<points label="snout" points="9,9" group_id="4"/></image>')
    (tmp_path / "annotations.xml").write_text(twice)
    with pytest.raises(ValueError, match=r"1.png: found two points 'snout' in group 4, expected each name once"):
        get_format("cvat").read(tmp_path, Hints())


TRACKS = """<annotations><meta><task><labels><label><name>mouse</name><type>skeleton</type></label>
<label><name>snout</name><type>points</type><parent>mouse</parent></label>
<label><name>tail</name><type>points</type><parent>mouse</parent></label>
<label><name>ball</name><type>rectangle</type></label></labels>
<original_size><width>64</width><height>48</height></original_size></task><source>C:\\clips\\cage 1.mp4</source></meta>
<track id="5" label="mouse"><skeleton frame="3" keyframe="1">
<points label="tail" outside="0" occluded="1" points="1,2"/><points label="snout" outside="1" points="3,4"/></skeleton>
<skeleton frame="6" outside="1"><points label="tail" outside="1" points="1,2"/></skeleton></track>
<track id="6" label="ball"><box frame="6" outside="0" xtl="1" ytl="2" xbr="3" ybr="5"/>
<box frame="3" outside="1" xtl="1" ytl="2" xbr="3" ybr="5"/></track>
<track id="7" label="mouse"><skeleton frame="6" outside="0" points="8,8;9,9"/>
<track id="0" label="snout"><points frame="6" outside="0" points="8,8"/></track>
<track id="1" label="tail"><points frame="6" outside="1" points="9,9"/></track></track>
<track id="8" label="ball"><polyline frame="6" outside="0" points="1,1;2,2"/></track></annotations>"""


def test_cvat_tracks_of_a_video(tmp_path):
    (tmp_path / "annotations.xml").write_text(TRACKS)
    assert guess_format(tmp_path).name == "cvat"
    data = get_format("cvat").read(tmp_path, Hints())
    assert data.left_out == {"polylines": 1}
    assert [(p.path.name, p.frame, p.video, p.size_wh) for p in data.images] == [
        ("frame_000003.png", None, "cage 1", (64, 48)),
        ("frame_000006.png", None, "cage 1", (64, 48)),
    ]
    (first,), (second, ball) = (image.instances for image in data.images)
    assert (first.track, first.keypoints.tolist()) == ("5", [[3, 4, 0], [1, 2, 1]])
    assert (second.track, second.keypoints.tolist()) == ("7", [[8, 8, 2], [9, 9, 0]])
    assert (ball.track, ball.box, data.categories[ball.category].name) == ("6", (1, 2, 2, 3), "ball")
    (tmp_path / "cage 1.mp4").touch()
    image = fake_image(tmp_path / "images" / "frame_000006.PNG")
    found = [(p.path, p.frame) for p in get_format("cvat").read(tmp_path, Hints()).images]
    assert found == [(tmp_path / "cage 1.mp4", 3), (image, None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotations><track id='0'/></annotations>", "found no image, expected at least one; export as"),
        (TRACKS.replace('frame="3"', 'frame="x"', 1), "track 0, skeleton, frame: found 'x', expected a number"),
        (
            TRACKS.replace('frame="3"', 'frame="-1"', 1),
            "track 0, skeleton, frame: found '-1', expected the number of a fr",
        ),
        ("<annotations><meta/></annotations>", "found no image"),
        ("<annotations", "no valid XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotations/>', "has a DOCTYPE, which labels never need"),
        (CVAT.replace("3.50,4.25", "3.50"), r"image 0, skeleton 0, points, points: found 1 numbers, expected 2"),
        (CVAT.replace('label="tail"', 'label="leg"'), "found 'leg', expected a keypoint of 'mouse': snout, tail"),
    ],
)
def test_cvat_problems(text, message, tmp_path):
    (tmp_path / "annotations.xml").write_text(text)
    with pytest.raises(ValueError, match=message):
        get_format("cvat").read(tmp_path / "annotations.xml", Hints())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_in_any_encoding(tmp_path, encoding):
    text = f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE a [<!ENTITY b 'cc'>]><annotations>&b;</annotations>"
    (tmp_path / "annotations.xml").write_bytes(text.encode(encoding))
    with pytest.raises(ValueError, match="has a DOCTYPE, which labels never need"):
        read_xml(tmp_path / "annotations.xml")


def region(kind, label, x, y, key="a", **more):
    value = {"x": x, "y": y, "width": 0.5, kind: [label], **more.pop("value", {})}
    sides = {"original_width": 200, "original_height": 100}
    return {"id": key, "type": kind, "from_name": "kp", "to_name": "img", "value": value, **sides, **more}


def test_label_studio_points_inside_boxes(tmp_path):
    result = [
        region("keypointlabels", "snout", 10, 20, "p1"),
        region("rectanglelabels", "mouse", 5, 10, "b1", value={"width": 10, "height": 30}),
        region("keypointlabels", "tail", 60, 50, "p2"),
        {"id": "p2", "type": "choices", "value": {"choices": ["hidden"]}},
        {"type": "relation", "from_id": "p1", "to_id": "b1"},
    ]
    tasks = [
        {"id": 1, "data": {"img": "/data/upload/3/0a1b2c3d-cage.png"}, "annotations": [{"result": result}]},
        {"id": 2, "data": {"img": "s3://bucket/b%20c.png"}, "annotations": [{"was_cancelled": True, "result": [1]}]},
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks))
    fake_image(tmp_path / "images" / "cage.png", 200, 100)
    assert guess_format(path).name == "labelstudio"
    data = get_format("labelstudio").read(path, Hints(images=None))
    assert data.categories[0].keypoints == ("snout", "tail")
    boxed, free = data.images[0].instances
    assert boxed.box == (10, 10, 20, 30)
    assert boxed.keypoints.tolist() == [[20, 20, 2], [0, 0, 0]]
    assert free.keypoints.tolist() == [[0, 0, 0], [120, 50, 1]]
    assert data.images[1].instances == []


def test_label_studio_images_that_were_uploaded(tmp_path):
    """Exports name uploads by the server's path and a prefix; the images lie where the user has them."""
    tasks = [
        {"data": {"id": "mouse 3", "img": f"/data/upload/3/0a1b2c3d-{name}.png"}, "annotations": []} for name in "ab"
    ]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks))
    found = [fake_image(tmp_path / "images" / name) for name in ("a.png", "0a1b2c3d-b.png")]
    assert [p.path for p in get_format("labelstudio").read(path, Hints()).images] == found
    elsewhere = [fake_image(tmp_path / "x" / "y" / name) for name in ("a.png", "b.png")]
    data = get_format("labelstudio").read(path, Hints(images=tmp_path / "x" / "y"))
    assert [p.path for p in data.images] == elsewhere
    tasks[1]["data"] = {"img": r"/data/local-files/?d=x\y\b.png"}
    path.write_text(json.dumps(tasks))
    assert get_format("labelstudio").read(path, Hints()).images[1].path.name == "b.png"


def test_label_studio_relations_labels_and_turned_boxes(tmp_path):
    turned = {"width": 20, "height": 10, "rotation": 90}
    result = [
        region("rectanglelabels", "mouse", 50, 20, "b1", value=turned),
        region("labels", "rat", 0, 0, "b2", value={"width": 100, "height": 100, "labels": ["rat"]}),
        region("labels", "rat", 0, 0, "e1", value={"radiusX": 3, "radiusY": 2}),
        region("labels", "snout", 1, 2, "p1"),
        region("keypointlabels", "snout", 5, 6, "p2"),
        {"type": "relation", "from_id": "b1", "to_id": "p2", "direction": "right"},
        {"id": "g1", "type": "polygonlabels", "value": {"points": [[1, 2], [3, 4]], "polygonlabels": ["mouse"]}},
        {"id": "e1", "type": "ellipse", "value": {"x": 1, "y": 1, "radiusX": 3, "radiusY": 2}},
    ]
    second = {"ground_truth": True, "result": result}
    tasks = [{"data": {"img": "a.png"}, "annotations": [{"result": []}, second]}]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    data = get_format("labelstudio").read(tmp_path, Hints())
    mouse, rat = data.images[0].instances
    assert mouse.box == pytest.approx((90, 20, 10, 40))
    assert mouse.keypoints.tolist() == [[10, 6, 2]]
    assert (rat.box, rat.keypoints.tolist()) == ((0, 0, 200, 100), [[2, 2, 2]])
    assert data.left_out == {
        "further annotations of tasks that have several": 1,
        "regions of type labels that are neither points nor boxes": 1,
        "regions of type polygonlabels": 1,
        "regions of type ellipse": 1,
    }
    for changes, message in (
        ({"image_rotation": 90}, r"result\[4\]: found image_rotation 90, expected 0; turn the image's file"),
        ({"id": "p1", "parentID": "b1"}, r"\[0\]: found two points 'snout' in group b1, expected each name once"),
    ):
        broken = [*result[:4], {**result[4], **changes}, *result[4:]]
        (tmp_path / "tasks.json").write_text(json.dumps([{**tasks[0], "annotations": [{"result": broken}]}]))
        with pytest.raises(ValueError, match=message):
            get_format("labelstudio").read(tmp_path, Hints())


MINIMAL = """[{"img": "/data/upload/1/0a1b2c3d-a.png", "id": 4, "lead_time": 3.5, "created_at": "2024-01-30T02:40:43Z",
"kp": [{"x": 10, "y": 20, "width": 0.3, "keypointlabels": ["snout"], "original_width": 200, "original_height": 100}],
"box": [{"x": 5, "y": 10, "width": 10, "height": 30, "rotation": 0, "rectanglelabels": ["mouse"],
"original_width": 200, "original_height": 100}]}, {"img": "b.png", "id": 5, "choice": "none"}]"""


def test_label_studio_minimal(tmp_path):
    path = tmp_path / "project-1-at-2024.json"
    path.write_text(MINIMAL)
    assert guess_format(path).name == "labelstudio"
    first, second = get_format("labelstudio").read(path, Hints()).images
    assert (first.size_wh, first.instances[0].box) == ((200, 100), (10, 10, 20, 30))
    assert first.instances[0].keypoints.tolist() == [[20, 20, 2]]
    assert (second.path.name, second.instances) == ("b.png", [])


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        ("cvat", "annotations.xml", BOXED),
        ("cvat", "annotations.xml", TRACKS),
        ("labelstudio", "tasks.json", MINIMAL),
        ("yolo", "data.yaml", ROBOFLOW),
    ],
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), token=st.sampled_from(TOKENS), cut=st.integers(0, 30))
def test_a_file_with_a_hole(name, file, text, seed, token, cut, tmp_path):
    """It is read, or refused by one clear error."""
    start = random.Random(seed).randrange(len(text) + 1)
    (tmp_path / name).mkdir(exist_ok=True)
    fake_image(tmp_path / name / "train" / "images" / "a.png")
    (tmp_path / name / file).write_bytes(text[:start].encode() + token + text[start + cut :].encode())
    check_reading(name, tmp_path, file)


def test_labelme_as_its_users_label(tmp_path):
    shapes = [
        {"label": "snout", "points": [[1, 2]], "shape_type": "point", "group_id": None},
        {"label": "tail", "points": [[3, 4]], "shape_type": "point"},
        {"label": "mouse", "points": [[9, 9], [0, 0]], "shape_type": "rectangle", "group_id": None},
        {"label": "snout", "points": [[30, 30]], "shape_type": "point", "flags": {"occluded": True}},
        {"label": "wall", "points": [[1, 1], [2, 2], [3, 1]], "shape_type": "polygon"},
    ]
    document = {"version": "5.2.1", "shapes": shapes, "imagePath": "..\\cage\\a.png", "imageData": None}
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.json").write_text(json.dumps(document))
    (tmp_path / "labels" / "labels.txt").write_text("__ignore__\ntail\nmouse\nsnout\n")
    data = get_format("labelme").read(tmp_path / "labels", Hints())
    assert data.categories[0].keypoints == ("tail", "snout")
    found = [(i.box, i.keypoints.tolist()) for i in data.images[0].instances]
    assert found == [((0, 0, 9, 9), [[3, 4, 2], [1, 2, 2]]), (None, [[0, 0, 0], [30, 30, 1]])]
    assert data.images[0].path.resolve() == (tmp_path / "cage" / "a.png").resolve()
    with pytest.raises(ValueError, match="has points labelled 'tail', which is none of snout"):
        get_format("labelme").read(tmp_path / "labels", Hints(keypoints=("snout",)))


def test_labelme_with_the_image_inside(tmp_path):
    """The image's file is used where there is one, whatever it is called; else what the labels embed."""
    pixels = np.full((3, 5, 3), (10, 100, 200), np.uint8)
    embedded = base64.b64encode(cv2.imencode(".png", pixels)[1].tobytes()).decode()
    point = {"label": "snout", "points": [[1, 2]], "shape_type": "point", "group_id": 4}
    wall = {"label": "wall", "points": [[0, 0], [1, 1], [2, 0]], "shape_type": "polygon"}
    document = {
        "shapes": [point, wall],
        "imagePath": None,
        "imageData": embedded,
        "imageWidth": None,
        "imageHeight": None,
    }
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    (tmp_path / "labels.txt").write_text("wall\ntail\nsnout\n")
    data = get_format("labelme").read(tmp_path, Hints())
    assert data.left_out == {"shapes of type polygon": 1}
    assert data.categories[0].keypoints == ("tail", "snout")
    assert np.array_equal(decoded(data.images[0]), pixels)
    assert fill_sizes(data) == 1
    assert data.images[0].size_wh == (5, 3)
    (tmp_path / "a.PNG").write_bytes(png_header(64, 48))
    image = get_format("labelme").read(path, Hints()).images[0]
    assert (image.path, image.frame) == (tmp_path / "a.PNG", None)
    path.write_text(json.dumps({**document, "imagePath": r"..\day 1\a.png", "imageData": None}))
    found = fake_image(tmp_path / "images" / "day 1" / "a.png")
    assert get_format("labelme").read(path, Hints(images=tmp_path / "images")).images[0].path == found
    for broken, message in (("?", "imageData: no image: "), ("QUFB", "imageData: no image: the file starts with")):
        path.write_text(json.dumps({**document, "imagePath": "b.jpg", "imageData": broken}))
        with pytest.raises(ValueError, match=message):
            decoded(get_format("labelme").read(path, Hints()).images[0])
    path.write_text(json.dumps({**document, "shapes": [point, point]}))
    with pytest.raises(ValueError, match=r"a.json: found two points 'snout' in group 4, expected each name once"):
        get_format("labelme").read(path, Hints())


def test_openpose_of_a_video(tmp_path):
    """OpenPose numbers the frames of a video; without images of them the video itself is used."""
    people = [{"pose_keypoints": [1, 2, 0.5] * 18}], []
    for number, found in enumerate(people):
        path = tmp_path / "json" / f"my clip_{number:012d}_keypoints.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"version": 1.0, "people": found}))
    data = get_format("openpose").read(tmp_path / "json", Hints())
    assert [(p.path.name, p.frame, p.video, len(p.instances)) for p in data.images] == [
        ("my clip_000000000000.jpg", None, "my clip", 1),
        ("my clip_000000000001.jpg", None, "my clip", 0),
    ]
    assert data.images[0].instances[0].keypoints[0].tolist() == [1, 2, 2]
    (tmp_path / "my clip.mp4").touch()
    image = fake_image(tmp_path / "my clip_000000000001.png")
    data = get_format("openpose").read(tmp_path / "json", Hints(images=tmp_path))
    assert [(p.path, p.frame) for p in data.images] == [(tmp_path / "my clip.mp4", 0), (image, None)]


def test_openpose_with_hands(tmp_path):
    person = {"person_id": [-1], "pose_keypoints_2d": [1, 2, 0.5] * 25, "hand_left_keypoints_2d": [3, 4, 0] * 21}
    (tmp_path / "a_keypoints.json").write_text(json.dumps({"version": 1.3, "people": [person]}))
    fake_image(tmp_path / "a.png")
    data = get_format("openpose").read(tmp_path, Hints())
    names = data.categories[0].keypoints
    assert names[:25] == BODY_25
    assert names[25:] == tuple(f"hand_left_{i}" for i in range(21))
    instance = data.images[0].instances[0]
    assert instance.keypoints[0].tolist() == [1, 2, 2]
    assert instance.scores[0] == 0.5
    assert instance.keypoints[-1, 2] == 0
    assert data.images[0].path == tmp_path / "a.png"
    with pytest.raises(ValueError, match="found 46 keypoints, expected 2, as --keypoints has names"):
        get_format("openpose").read(tmp_path, Hints(keypoints=("a", "b")))


@pytest.mark.parametrize("dims", [2, 3])
def test_yolo_as_ultralytics_has_it(dims, tmp_path):
    fake_image(tmp_path / "data" / "images" / "train" / "a.png", 100, 50)
    fake_image(tmp_path / "data" / "images" / "val" / "b.png", 100, 50)
    (tmp_path / "data" / "labels" / "train").mkdir(parents=True)
    points = "0.1 0.2 2 0 0 0" if dims == 3 else "0.1 0.2 0 0"
    (tmp_path / "data" / "labels" / "train" / "a.txt").write_text(f"1 0.5 0.5 0.2 0.4 {points}\n\n")
    (tmp_path / "data" / "val.txt").write_text("./images/val/b.png\n")
    text = f"path: data\ntrain: images/train\nval: val.txt\ntest:\nkpt_shape: [2, {dims}]\nnames: [cat, dog]\n"
    (tmp_path / "pets.yaml").write_text(text)
    data = get_format("yolo").read(tmp_path, Hints())
    assert [(p.path.name, p.split, p.size_wh) for p in data.images] == [
        ("a.png", "train", (100, 50)),
        ("b.png", "val", (100, 50)),
    ]
    instance = data.images[0].instances[0]
    assert instance.category == 1
    assert instance.box == (40, 15, 20, 20)
    assert instance.keypoints.tolist() == [[10, 10, 2], [0, 0, 0]]
    assert data.categories[1].keypoints == ("point_0", "point_1")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.5 0.5", "0.5", r"a.txt: line 1: found 10 numbers, expected 11"),
        ("0 0.5", "7 0.5", r"line 1: found 7.0, expected a class from 0 to 0 first"),
        ("0.2 2", "0.2 5", "found 5.0, expected visibility 0, 1 or 2"),
        ("kpt_shape: [2, 3]", "kpt_shape: [2, 4]", "expected the number of keypoints, and 2"),
        ("images/train", "images/none", "'images/none' is no folder and no list of images"),
        ("flip_idx: [1, 0]", "flip_idx: [1, 1]", "numbers 0 to 1 that name each other in pairs"),
        ("names: [cat]", "names: {1: cat}", "expected the classes 0, 1, … as keys"),
        ("names: [cat]", "names: [", r"no valid YAML: .* at line 5, column"),
    ],
)
def test_yolo_problems(old, new, message, tmp_path):
    fake_image(tmp_path / "images" / "train" / "a.png", 100, 50)
    labels = "0 0.5 0.5 0.2 0.4 0.1 0.2 2 0 0 0"
    text = "train: images/train\nkpt_shape: [2, 3]\nflip_idx: [1, 0]\nnames: [cat]\n"
    (tmp_path / "labels" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train" / "a.txt").write_text(labels.replace(old, new))
    (tmp_path / "data.yaml").write_text(text.replace(old, new))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        get_format("yolo").read(tmp_path, Hints())


CVAT_YOLO = """path: ./
train: train.txt
validation: lists/val.txt
kpt_shape: [1, 3]
names: {1: rat, 0: mouse}
"""


@pytest.mark.parametrize(
    ("text", "lists", "images"),
    [
        (ROBOFLOW, {}, {"train/images/a b.jpg.png": "train", "valid/images/ü.png": "val"}),
        (
            CVAT_YOLO,
            {"train.txt": "images/train/x/a.png\n", "lists/val.txt": ".\\b.png\nimages\\train\\y\\a.png\n"},
            {"images/train/x/a.png": "train", "lists/b.png": "val", "images/train/y/a.png": "val"},
        ),
    ],
)
def test_yolo_as_others_export_it(text, lists, images, tmp_path):
    for name, content in {"data.yaml": text, **lists}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    for number, name in enumerate(images):
        image = fake_image(tmp_path / name, 100, 50)
        labels = tmp_path / name.replace("images", "labels").replace(".png", ".txt")
        labels.parent.mkdir(parents=True, exist_ok=True)
        labels.write_text(f"0 0.5 0.5 0.2 0.4 0.{number + 1} 0.2 1\n")
        assert image.is_file()
    data = get_format("yolo").read(tmp_path, Hints())
    found = {p.path.resolve().relative_to(tmp_path.resolve()).as_posix(): p.split for p in data.images}
    assert found == images
    assert sorted(p.instances[0].keypoints[0].tolist() for p in data.images) == [
        [10 * (number + 1), 10, 1] for number in range(len(images))
    ]
    assert data.categories[0].name == "mouse"
    with pytest.raises(ValueError, match=r"--images: YOLO's data.yaml says where the images are"):
        get_format("yolo").read(tmp_path, Hints(images=tmp_path))


def coco(**changes):
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "keypoints": [1, 2, 0.5, 3, 4, 0.0], "score": 0.4}
    document = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "annotations": [annotation],
        "categories": [{"id": 1, "name": "mouse", "keypoints": ["a", "b"], "skeleton": [[1, 2]]}],
    }
    return {**document, **changes}


def test_coco_predictions_bear_scores(tmp_path):
    (tmp_path / "predictions.json").write_text(json.dumps(coco()))
    instance = get_format("coco").read(tmp_path / "predictions.json", Hints()).images[0].instances[0]
    assert instance.scores.tolist() == [0.5, 0]
    assert instance.keypoints.tolist() == [[1, 2, 2], [3, 4, 0]]
    assert instance.extra == {"score": 0.4}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"categories": []}, "categories: found none, expected at least one"),
        ({"categories": [{"id": 1, "keypoints": ["a", "a"]}]}, r"categories\[0\], keypoints: found 'a' twice"),
        ({"categories": [{"id": 1, "keypoints": ["a"], "skeleton": [[1, 2]]}]}, "two numbers of keypoints, 1 to 1"),
        ({"categories": [{"id": 1}, {"id": 1}]}, "found id 1 a second time"),
        ({"images": [{"id": 1}]}, r"images\[0\]: found only 'id', expected the key 'file_name'; add it"),
        (
            {"images": [{"id": 1, "file_name": name} for name in "ab"]},
            "found id 1 a second time, expected an id of its own",
        ),
        ({"annotations": [{"image_id": 9}]}, r"annotations\[0\]: found image_id 9, expected the id of an image"),
        ({"annotations": [{"image_id": 1, "category_id": 3}]}, "found category_id 3"),
        ({"annotations": [{"image_id": 1, "keypoints": [1, 2]}]}, "found 2 numbers, expected 6"),
        ({"annotations": [{"image_id": 1, "keypoints": [1, 2, 5, 0, 0, 0]}]}, "found 5.0, expected visibility 0, 1 or"),
        ({"annotations": [{"image_id": 1, "bbox": [0, 0, -1, 2]}]}, "found a box of -1.0 x 2.0"),
        ({"annotations": [{"image_id": 1, "id": 4}] * 2}, "found id 4 a second time"),
        ({"videos": [{"name": "a"}]}, r"videos\[0\]: found only 'name'"),
    ],
)
def test_coco_problems(changes, message, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(coco(**changes)))
    with pytest.raises(ValueError, match=message):
        get_format("coco").read(tmp_path / "a.json", Hints())


def test_coco_without_keypoint_names(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(coco(categories=[{"id": 1, "name": "mouse"}])))
    assert get_format("coco").read(path, Hints()).categories[0].keypoints == ("point_0", "point_1")
    assert get_format("coco").read(path, Hints(keypoints=("x", "y"))).categories[0].keypoints == ("x", "y")


def test_coco_names_given_for_some_of_its_categories(tmp_path):
    """Names given by hand replace those of categories with keypoints; a category without any stays so."""
    path = tmp_path / "a.json"
    cage = {"id": 2, "name": "cage"}
    path.write_text(json.dumps(coco(categories=[*coco()["categories"], cage])))
    categories = get_format("coco").read(path, Hints(keypoints=("x", "y"))).categories
    assert [category.keypoints for category in categories] == [("x", "y"), ()]


@pytest.mark.parametrize("size", [{"width": None, "height": None}, {"width": 0, "height": 0}, {}])
def test_coco_from_windows_without_sizes(size, tmp_path):
    path = fake_image(tmp_path / "images" / "day 1" / "ü.png", 64, 48)
    image = {"id": 1, "file_name": "day 1\\ü.png", **size}
    (tmp_path / "a.json").write_text(json.dumps(coco(images=[image])))
    data = get_format("coco").read(tmp_path / "a.json", Hints())
    assert (data.images[0].path, data.images[0].size_wh) == (path, None)
    assert fill_sizes(data) == 1


@pytest.mark.parametrize(
    ("file", "split"),
    [
        ("person_keypoints_train2017.json", "train"),
        ("trainval.json", ""),
        ("constraints.json", ""),
        ("val/_annotations.json", "val"),
        ("valid/_annotations.coco.json", "val"),
        ("test/a.json", "test"),
    ],
)
def test_coco_parts(file, split, tmp_path):
    folder = tmp_path / "test"
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(json.dumps(coco()))
    assert guess_format(folder).name == "coco"
    assert get_format("coco").read(folder, Hints()).images[0].split == split


def test_coco_with_an_image_listed_again(tmp_path):
    document = coco()
    document["images"] *= 2
    (tmp_path / "a.json").write_text(json.dumps(document))
    assert len(get_format("coco").read(tmp_path / "a.json", Hints()).images) == 1


def test_coco_folders_must_agree(tmp_path):
    (tmp_path / "train.json").write_text(json.dumps(coco()))
    (tmp_path / "val.json").write_text(json.dumps(coco()))
    data = get_format("coco").read(tmp_path, Hints())
    assert [image.split for image in data.images] == ["train", "val"]
    other = coco(categories=[{"id": 1, "name": "rat", "keypoints": ["a", "b"]}])
    (tmp_path / "val.json").write_text(json.dumps(other))
    with pytest.raises(ValueError, match=r"val.json: its categories differ from those of .*train.json"):
        get_format("coco").read(tmp_path, Hints())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_coco_with_a_byte_order_mark(encoding, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(json.dumps(coco()).encode(encoding))
    assert guess_format(path).name == "coco"
    assert get_format("coco").read(path, Hints()).images


def test_a_key_that_stands_twice_is_named(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(coco()).replace('"image_id"', '"id": 7, "image_id"', 1))
    with pytest.raises(ValueError, match=r"a\.json' is no valid JSON: the key 'id' occurs twice in one object"):
        get_format("coco").read(path, Hints())


def test_true_is_no_id_of_an_image(tmp_path):
    content = coco()
    content["annotations"][0]["image_id"] = True
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"annotations\[0\].*: found image_id True, expected the id of an image"):
        get_format("coco").read(tmp_path / "a.json", Hints())
