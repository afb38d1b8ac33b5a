"""The steps of a conversion: what is told, divided, filled in and refused."""

from __future__ import annotations

import json
import struct
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from keypoint_data_cases import fake_image, mice, png_header, what_remains

from posekit.config import load
from posekit.keypoints.skeleton import Skeleton
from posekit.labels import Category, Instance, KeypointData, LabelledImage, Options, convert, get_format
from posekit.labels.complete import complete, keypoint_box
from posekit.labels.format_table import format_of_destination, guess_format
from posekit.labels.image_files import (
    fill_sizes,
    find_folder,
    names_below,
    place_images,
    placed_names,
)
from posekit.labels.keypoint_data import Hints
from posekit.labels.keypoint_set_file import (
    proposed_swaps,
    swaps_from_pairs,
    write_keypoint_set,
)
from posekit.labels.splits import parse_split, split
from posekit.media.image_file import exif_orientation, image_size

HERE = Path("x")


@pytest.fixture
def coco(tmp_path):
    """A COCO file of ten images of two mice."""
    path = tmp_path / "source" / "all.json"
    get_format("coco").write(mice(path.parent / "images", 10), path, copy_images=False)
    return path


def run(source, dest, **options):
    lines = []
    swaps = options.pop("swaps", (0, 2, 1, 3))
    written = convert(source, dest, Options(**options), tell=lines.append, decide_swaps=lambda category: swaps)
    return written, "\n".join(lines)


def test_lines_on_each_step(coco, tmp_path):
    written, text = run(coco, tmp_path / "out", dest_format="yolo")
    assert written == [tmp_path / "out" / "data.yaml"]
    assert "as coco: 10 images, 20 objects (mouse), 4 keypoints, 60 labelled in all" in text
    assert "split   8 train, 2 val (a block of consecutive frames of each video, seed 0)" in text
    assert "lost    what yolo cannot hold: 20 areas, 20 track ids, 31 ids of images, objects and cat" in text
    assert "wrote   " in text
    assert "lost    nothing" in run(coco, tmp_path / "again.json")[1]


def test_ultralytics_takes_no_keypoint_outside_of_its_image(tmp_path):
    data = mice(tmp_path / "images", 1)
    data.images[0].size_wh = None
    data.images[0].instances[0].keypoints[:2, :2] = [[64, 48], [64.5, 2]]
    data.images[0].instances[1].keypoints[2] = [-3, 0, 0]
    get_format("deeplabcut").write(what_remains(data, "deeplabcut")[0], tmp_path / "source", copy_images=False)
    _, text = run(tmp_path / "source", tmp_path / "out", dest_format="yolo")
    assert "1 keypoint outside of its image" in text
    assert what_remains(data, "yolo")[1][0] == "1 keypoint outside of its image"
    data.images[0].size_wh = (64, 48)
    assert what_remains(data, "yolo")[1][0] == "2 keypoints outside of their image"
    first, _ = get_format("yolo").read(tmp_path / "out", Hints()).images[0].instances
    assert first.keypoints.round(4).tolist() == [[64, 48, 2], [0, 0, 0], [0, 0, 0], [10, 11, 2]]


def test_what_was_left_out_and_what_is_missing(tmp_path):
    point, wall = ({"label": kind, "points": [[1, 2]], "shape_type": kind} for kind in ("point", "circle"))
    document = {"shapes": [point, wall, wall], "imagePath": "none.png", "imageWidth": 64, "imageHeight": 48}
    (tmp_path / "a.json").write_text(json.dumps(document))
    _, text = run(tmp_path / "a.json", tmp_path / "out.json", swaps=(0,))
    assert "left    2 shapes of type circle" in text
    assert f"missing 1 file of images, such as {tmp_path / 'none.png'}; give its folder with --images" in text
    (tmp_path / "b.json").write_text(json.dumps({**document, "imagePath": "other.png"}))
    _, text = run(tmp_path, tmp_path / "both.json", swaps=(0,), source_format="labelme")
    assert "missing 2 files of images" in text
    for name in ("none.png", "other.png"):
        fake_image(tmp_path / name)
    _, text = run(tmp_path, tmp_path / "again.json", swaps=(0,), source_format="labelme")
    assert "missing" not in text


def test_training_files(coco, tmp_path):
    written, _ = run(coco, tmp_path / "out", split="val=0.3,test=0.2", swaps=(3, 1, 2, 0))
    assert [path.name for path in written] == ["train.json", "val.json", "test.json", "keypoint_set.py"]
    counts = [len(json.loads(path.read_text())["images"]) for path in written[:3]]
    assert counts == [5, 3, 2]
    image = json.loads(written[0].read_text())["images"][0]
    assert (tmp_path / "out" / image["file_name"]).is_file()
    known = Skeleton.load(written[3])
    assert known.flip_indices == (3, 1, 2, 0)
    assert known.links == ((0, 1), (0, 2))
    assert load(written[3]).dataset_info["dataset_name"] == "mouse"


def test_images_are_copied_on_demand(coco, tmp_path):
    run(coco, tmp_path / "out", copy_images=True, split="none")
    document = json.loads((tmp_path / "out" / "annotations.json").read_text())
    assert document["images"][0]["file_name"] == "images/0.png"
    assert not (tmp_path / "out" / "images" / "0.png").is_symlink()


@pytest.mark.parametrize("name", ["yolo", "deeplabcut"])
def test_images_are_linked_or_copied(name, coco, tmp_path):
    for copied in (False, True):
        run(coco, tmp_path / f"out{copied}", dest_format=name, copy_images=copied)
        found = sorted((tmp_path / f"out{copied}").rglob("*.png"))
        assert len(found) == 10
        assert [path.is_symlink() for path in found] == [not copied] * 10
        assert found[0].read_bytes() == png_header(64, 48)


def test_no_links_on_this_file_system(monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError(1, "not permitted")

    monkeypatch.setattr("pathlib.Path.symlink_to", refuse)
    with pytest.raises(OSError, match=r"has no links \(not permitted\); give --copy-images"):
        place_images([LabelledImage(tmp_path / "a.png")], [tmp_path / "b.png"], copy=False)
    with pytest.raises(FileNotFoundError, match="so it cannot be copied; give its folder with --images"):
        place_images([LabelledImage(tmp_path / "a.png")], [tmp_path / "b.png"], copy=True)


def test_one_category(tmp_path):
    data = mice(tmp_path / "images")
    data.categories.append(Category("rat", ("nose",)))
    data.images[0].instances.append(Instance(np.array([[1, 2, 2]]), category=1, box=(1, 1, 2, 2)))
    get_format("coco").write(data, tmp_path / "all.json", copy_images=False)
    _, text = run(tmp_path / "all.json", tmp_path / "yolo", dest_format="yolo")
    assert "1 object of a category with other keypoints (choose one with --category)" in text
    _, text = run(tmp_path / "all.json", tmp_path / "rats", category="rat", split="none", swaps=(0,))
    assert "3 images, 1 objects (rat), 1 keypoints" in text
    with pytest.raises(ValueError, match="--category cat: no such category; there are mouse, rat"):
        run(tmp_path / "all.json", tmp_path / "out", category="cat")


@pytest.mark.parametrize(
    ("dest", "options", "error", "message"),
    [
        ("source/all.json", {}, ValueError, "source and destination are the same"),
        ("full", {}, FileExistsError, "full: is there already; give another destination, or --overwrite"),
        ("full/a.txt", {"dest_format": "yolo"}, ValueError, "yolo is written to a folder, and this is a file"),
        ("out", {"dest_format": "cocos"}, ValueError, "no data format 'cocos'; did you mean 'coco'?"),
        ("out", {"source_format": "zzz"}, ValueError, "no data format 'zzz'; there are coco, yolo"),
        ("out", {"split": "val=2"}, ValueError, "--split val=2: give none, val=0.2"),
        ("out", {"split": "dev=0.2"}, ValueError, "--split dev=0.2"),
        ("out", {"split": "val"}, ValueError, "--split val: give"),
        ("out", {"split": "val=0.01"}, ValueError, "10 images leave none for val"),
    ],
)
def test_refusals(dest, options, error, message, coco, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").touch()
    with pytest.raises(error, match=message):
        run(coco, tmp_path / dest, **options)


def test_overwriting(coco, tmp_path):
    run(coco, tmp_path / "out.json")
    with pytest.raises(FileExistsError):
        run(coco, tmp_path / "out.json")
    run(coco, tmp_path / "out.json", overwrite=True)


def test_unknown_sources(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing: no such file or folder"):
        guess_format(tmp_path / "nothing")
    (tmp_path / "a.csv").write_text("1,2")
    with pytest.raises(ValueError, match=r"looks like none of coco, yolo, .* say --from FORMAT"):
        guess_format(tmp_path / "a.csv")
    (tmp_path / "empty.json").write_text('{"images": [], "annotations": [], "categories": [{"id": 1}]}')
    with pytest.raises(ValueError, match="no images in it"):
        run(tmp_path / "empty.json", tmp_path / "out")


@pytest.mark.parametrize(("name", "kind"), [("a.json", "coco"), ("a.xml", "cvat"), ("a.slp", "sleap"), ("a", "coco")])
def test_destinations(name, kind, tmp_path):
    assert format_of_destination(tmp_path / name).name == kind


@pytest.mark.parametrize("name", ["coco", "yolo", "deeplabcut", "labelstudio", "cvat", "labelme", "openpose"])
def test_what_was_written_is_recognised(name, coco, tmp_path):
    run(coco, tmp_path / "out", dest_format=name)
    assert guess_format(tmp_path / "out").name == name


def images(*counts):
    found = [LabelledImage(HERE / str(n), video=str(v)) for v, count in enumerate(counts) for n in range(count)]
    return KeypointData([Category("mouse")], found)


@pytest.mark.parametrize(
    ("counts", "shares", "how"),
    [
        ((10, 10, 10, 10, 10), {"val": 0.2}, "40 train, 10 val (whole videos"),
        ((100, 3), {"val": 0.2}, "82 train, 21 val (a block"),
        ((50,), {"val": 0.2, "test": 0.2}, "30 train, 10 val, 10 test (a block"),
    ],
)
def test_splits_keep_neighbours_together(counts, shares, how):
    data = images(*counts)
    assert split(data, shares, seed=3).startswith(how)
    for video in {image.video for image in data.images}:
        parts = [image.split for image in data.images if image.video == video]
        borders = sum(a != b for a, b in pairwise(parts))
        assert borders <= (0 if "whole" in how else len(shares))


def test_splits_of_single_images():
    data = images(20)
    for image in data.images:
        image.video = None
    assert split(data, {"val": 0.25}, seed=1) == "15 train, 5 val (drawn by chance, seed 1)"
    first = [image.split for image in data.images]
    split(data, {"val": 0.25}, seed=1)
    assert [image.split for image in data.images] == first
    assert parse_split("none") == {}
    assert parse_split("val=0.1, test=0.2") == {"val": 0.1, "test": 0.2}


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        ("nose leftear rightear", [(1, 2)]),
        ("l_eye r_eye L_hip R_hip", [(0, 1), (2, 3)]),
        ("pawL pawR leftFoot rightFoot", [(0, 1), (2, 3)]),
        ("eye_l eye_r", [(0, 1)]),
        ("left lip tail", []),
    ],
)
def test_proposed_swaps(names, pairs):
    swaps = proposed_swaps(names.split())
    assert [(i, j) for i, j in enumerate(swaps) if i < j] == pairs
    assert all(swaps[swaps[i]] == i for i in range(len(swaps)))


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["a"], "--swap a: give two keypoints, as in left_ear:right_ear"),
        (["a:a"], "--swap a:a: give two keypoints"),
        (["a:x"], "--swap a:x: no keypoint 'x'; there are a, b, c"),
        (["a:b", "b:c"], "--swap b:c: a keypoint of it is in another pair already"),
    ],
)
def test_wrong_pairs(pairs, message):
    assert swaps_from_pairs(["a", "b", "c"], ["c:a"]) == (2, 1, 0)
    with pytest.raises(ValueError, match=message):
        swaps_from_pairs(["a", "b", "c"], pairs)


def test_keypoint_set_file_of_awkward_names(tmp_path):
    category = Category("the 'mouse'\n", ("it's", 'a "b"', "back\\slash"), ((0, 2),), (1, 0, 2))
    write_keypoint_set(category, tmp_path / "set.py")
    known = Skeleton.load(tmp_path / "set.py")
    assert known.names == category.keypoints
    assert known.flip_indices == (1, 0, 2)
    assert known.sigmas == ()


@pytest.mark.parametrize(
    ("points", "box"),
    [
        ([[20, 10, 2], [30, 30, 1], [99, 99, 0]], (17.5, 5, 15, 30)),
        ([[50, 50, 2]], (48, 48, 4, 4)),
        ([[99, 79, 2], [79, 79, 2]], (74, 77, 26, 3)),
        ([[1, 1, 0]], (0, 0, 100, 80)),
    ],
)
def test_boxes_around_keypoints(points, box):
    assert keypoint_box(Instance(np.array(points, float)), (100, 80), 0.25) == box


def test_boxes_of_the_whole_image():
    data = KeypointData([Category("a", ("x",))], [LabelledImage(HERE, [Instance(np.array([[1.0, 1, 2]]))], (10, 8))])
    assert complete(data, {"boxes", "areas"}, whole=True) == [
        "1 areas, 0.53 of the box (COCO's mean)",
        "1 boxes of the whole image",
    ]
    assert data.images[0].instances[0].box == (0, 0, 10, 8)


def test_sizes_come_from_the_files(tmp_path):
    tall = tmp_path / "tall.jpg"
    _, data = cv2.imencode(".jpg", np.zeros((10, 30, 3), np.uint8))
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    segment = b"Exif\0\0" + tiff
    head = b"\xff\xd8\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment
    tall.write_bytes(head + data.tobytes()[2:])
    assert exif_orientation(tall.read_bytes()) == 6
    assert image_size(tall) == (10, 30)
    assert cv2.imread(str(tall)).shape[:2] == (30, 10)
    image = LabelledImage(fake_image(tmp_path / "a.png", 7, 5))
    assert fill_sizes(KeypointData([], [image])) == 1
    assert image.size_wh == (7, 5)
    with pytest.raises(FileNotFoundError, match=r"image .*none.png: no such file, and its size is needed"):
        image_size(tmp_path / "none.png")
    (tmp_path / "broken.png").write_bytes(b"GIF")
    with pytest.raises(ValueError, match=r"image .*broken.png: the file starts with b'GIF'"):
        image_size(tmp_path / "broken.png")


def test_frames_of_a_video(shared, tmp_path):
    video = shared / "data" / "videos" / "people.mp4"
    image = LabelledImage(video, frame=3)
    data = KeypointData([Category("person", ("nose",))], [image])
    assert placed_names(data.images) == ["people/frame000003.png"]
    complete(data, {"sizes"})
    assert image.size_wh == (960, 540)
    get_format("coco").write(data, tmp_path / "out", copy_images=False)
    assert image_size(tmp_path / "out" / "images" / "people" / "frame000003.png") == (960, 540)
    with pytest.raises(ValueError, match="holds no frame 99 that can be read; is it the labelled video"):
        get_format("coco").write(KeypointData([], [LabelledImage(video, frame=99)]), tmp_path / "b", copy_images=False)


def test_predictions_of_a_video_become_labels_of_its_frames(shared, tmp_path):
    video = shared / "data/videos/people.mp4"
    content = {
        "categories": [{"id": 1, "name": "person", "keypoints": ["nose", "neck"]}],
        "images": [{"id": i, "file_name": str(video), "frame_id": i - 1, "width": 960, "height": 540} for i in (1, 2)],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 1, "bbox": [0, 0, 9, 9], "score": 0.9, "keypoints": points}
            for i, points in ((1, [1, 2, 1.003, 3, 4, 0.2]), (2, [1, 2, -0.01, 3, 4, 0.7]))
        ],
    }
    source = tmp_path / "predictions.json"
    source.write_text(json.dumps(content))
    data = get_format("coco").read(source, Hints())
    assert [image.frame for image in data.images] == [0, 1]
    assert [image.instances[0].scores.tolist() for image in data.images] == [[1, 0.2], [0, 0.7]]
    run(source, tmp_path / "out", dest_format="labelme", allow_outside=True)
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.png")) == ["frame000000.png", "frame000001.png"]


def test_placed_names_never_meet(tmp_path):
    found = [LabelledImage(tmp_path / name) for name in ("a/1.png", "a/1.jpg", "b/1.png")]
    assert placed_names(found) == ["a/1.png", "a/1_2.jpg", "b/1.png"]
    assert placed_names(found, flat=True) == ["a_1.png", "a_1_2.jpg", "b_1.png"]
    found = [LabelledImage(tmp_path / name) for name in ("1.png", "1_2.png", "1.jpg", "1.gif", "1_2.gif", "1.bmp")]
    stems = [name.rpartition(".")[0] for name in placed_names(found)]
    assert stems == ["1", "1_2", "1_3", "1_4", "1_2_2", "1_5"]


def test_a_image_is_not_replaced_by_a_link_to_itself(tmp_path):
    target = fake_image(tmp_path / "images" / "a.png")
    (tmp_path / "link.png").symlink_to(target)
    place_images([LabelledImage(tmp_path / "link.png")], [target], copy=False)
    assert not target.is_symlink()
    assert target.read_bytes() == png_header(64, 48)


def test_where_images_are(tmp_path):
    fake_image(tmp_path / "data" / "images" / "a.png")
    (tmp_path / "data" / "labels").mkdir()
    assert find_folder(["a.png"], tmp_path / "data" / "labels") == tmp_path / "data" / "images"
    assert find_folder(["b.png"], tmp_path / "data") == tmp_path / "data"
    assert get_format("coco").needs >= {"sizes"}
    with pytest.raises(FileNotFoundError, match="none: no such folder"):
        find_folder(["a.png"], tmp_path, tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=r"no image a.png in it; give the folder it is relative to"):
        find_folder(["a.png"], tmp_path, tmp_path / "data" / "labels")
    assert Hints().images is None


@pytest.mark.parametrize("folder", ["labels", "x", "."])
def test_images_are_named_from_anywhere_along_their_shared_path(tmp_path, folder):
    (tmp_path / "labels").mkdir()
    for name in ("a/1.png", "b/1.png"):
        fake_image(tmp_path / "x" / name)
    names = names_below(tmp_path / folder, ["../x/a/1.png", "../x/b/1.png"])
    assert [(tmp_path / folder / name).resolve() for name in names] == [
        tmp_path / "x" / "a" / "1.png",
        tmp_path / "x" / "b" / "1.png",
    ]


def test_names_that_differ_in_their_folder_alone_are_not_cut(tmp_path):
    fake_image(tmp_path / "1.png")
    assert names_below(tmp_path, ["../a/1.png", "../b/1.png"]) == ["../a/1.png", "../b/1.png"]


def test_coco_files_find_images_in_the_folder_that_is_named(tmp_path):
    fake_image(tmp_path / "elsewhere" / "1.png")
    (tmp_path / "labels").mkdir()
    image = dict(id=1, file_name="../gone/1.png", width=64, height=48)
    annotation = dict(id=1, image_id=1, category_id=1, bbox=[0, 0, 9, 9], area=81, iscrowd=0, keypoints=[3, 4, 2])
    content = dict(images=[image], annotations=[annotation], categories=[dict(id=1, name="m", keypoints=["k"])])
    (tmp_path / "labels" / "l.json").write_text(json.dumps(content))
    read = get_format("coco").read
    assert read is not None
    data = read(tmp_path / "labels" / "l.json", Hints(images=tmp_path / "elsewhere"))
    assert [each.path for each in data.images] == [tmp_path / "elsewhere" / "1.png"]


@pytest.mark.parametrize("moved", [False, True])
def test_predictions_name_their_images_from_their_own_folder(tmp_path, moved):
    fake_image(tmp_path / "photos" / "a.png")
    folder = tmp_path / "predictions"
    content = {
        "info": {"image_root": str(folder)},
        "categories": [{"id": 1, "name": "person", "keypoints": ["nose"]}],
        "images": [{"id": 1, "file_name": "../photos/a.png", "width": 64, "height": 48}],
        "annotations": [],
    }
    folder.mkdir()
    source = tmp_path / "elsewhere" / "deep" / "p.json" if moved else folder / "p.json"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(json.dumps(content))
    (image,) = get_format("coco").read(source, Hints()).images
    assert image.path.resolve() == tmp_path / "photos" / "a.png"
