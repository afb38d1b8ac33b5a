"""Readers of public data sets, each on a made-up miniature of what is handed out."""

from __future__ import annotations

import csv
import importlib.util
import json

import numpy as np
import pytest
from keypoint_data_cases import fake_picture

from posekit.datasets.converters import Options, convert, get_format
from posekit.datasets.converters.formats import RAW_MODULES
from posekit.datasets.converters.keypoint_data import Hints
from posekit.datasets.datasets.animal import AnimalPoseDataset, MacaqueDataset
from posekit.datasets.datasets.body import CocoDataset
from posekit.datasets.datasets.face import (
    COFWDataset,
    Face300VWDataset,
    Face300WDataset,
    Face300WLPDataset,
    LapaDataset,
    WFLWDataset,
)

RNG = np.random.default_rng(0)
needs_h5py = pytest.mark.skipif(importlib.util.find_spec("h5py") is None, reason="needs h5py")


def points(count):
    return RNG.uniform(5, 45, (count, 2)).round(2)


def rows(array):
    return "\n".join(f"{x} {y}" for x, y in array)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def make_wflw(folder, known):
    for split, name in (("train", "0--Parade/a b.png"), ("test", "1--Ball/c.png")):
        fake_picture(folder / "WFLW_images" / name)
        cells = [*known.reshape(-1).tolist(), 4, 5, 46, 47, 0, 1, 0, 0, 1, 0, name]
        path = folder / "WFLW_annotations" / "list_98pt_rect_attr_train_test" / f"list_98pt_rect_attr_{split}.txt"
        write(path, " ".join(map(str, cells)) + "\n")


def make_300w(folder, known):
    for name in ("helen/trainset/a", "ibug/b", "300W/01_Indoor/c"):
        fake_picture(folder / f"{name}.png")
        write(folder / f"{name}.pts", "version: 1\nn_points:  68\n{\n" + rows(known) + "\n}\n")


def make_300vw(folder, known):
    for video in ("001", "114"):
        write(folder / video / "annot" / "000002.pts", "version: 1\nn_points: 68\n{\n" + rows(known) + "\n}\n")
        fake_picture(folder / video / "imgs" / "000002.png")


def make_300wlp(folder, known):
    from scipy.io import savemat

    fake_picture(folder / "AFW" / "AFW_1_0.jpg")
    (folder / "landmarks" / "AFW").mkdir(parents=True)
    savemat(folder / "landmarks" / "AFW" / "AFW_1_0_pts.mat", {"pts_2d": known.astype(np.float32)})


def make_lapa(folder, known):
    for split in ("train", "val"):
        fake_picture(folder / split / "images" / "1_0.jpg")
        write(folder / split / "landmarks" / "1_0.txt", "106\n" + rows(known) + "\n")


def make_cofw(folder, known):
    import h5py

    for split, key in (("train", "Tr"), ("test", "T")):
        with h5py.File(folder / f"COFW_{split}_color.mat", "w") as file:
            file["picture"] = np.full((3, 60, 50), 7, np.uint8)
            file["grey"] = np.full((60, 50), 9, np.uint8)
            file[f"Is{key}"] = np.array([[file["picture"].ref, file["grey"].ref]], h5py.ref_dtype)
            column = np.concatenate([known[:, 0] + 1, known[:, 1] + 1, [1.0] + [0.0] * 28])
            file[f"phis{key}"] = np.stack([column, column], axis=1)
            file[f"bboxes{key}"] = np.array([[4.0, 4], [5, 5], [40, 40], [41, 41]])


def make_animalpose(folder, known):
    names = get_format("animalpose").read.__globals__["category_of"]("animalpose", "animal").keypoints
    parts = (
        ("PASCAL2011_animal_annotation/cat/2008_000123_1.xml", "2008_000123", dict.fromkeys(()), "ymin"),
        ("animalpose_anno2/dog/do1.xml", "do1.jpeg", {"L_EarBase": "L_ear", "TailBase": "Tail"}, "xmax"),
    )
    for path, picture, spelled, top in parts:
        spots = "".join(
            f'<keypoint name="{spelled.get(name, name)}" visible="{int(i > 0)}" x="{x}" y="{y}" z="0"/>'
            for i, (name, (x, y)) in enumerate(zip(names, known, strict=True))
        )
        box = f'<visible_bounds xmin="4" {top}="5" width="40" height="41"/>'
        kind = path.split("/")[1]
        text = f"<annotation><image>{picture}</image><category>{kind}</category>{box}<keypoints>{spots}</keypoints>"
        write(folder / path, text + "</annotation>")
    fake_picture(folder / "VOC2012" / "JPEGImages" / "2008_000123.jpg")
    fake_picture(folder / "animalpose_image_part2" / "dog" / "do1.jpeg")


def make_macaque(folder, known):
    spots = [{"name": str(i), "position": None if i == 0 else spot.tolist()} for i, spot in enumerate(known)]
    outline = [{"name": None, "segment": [[4, 5], [44, 5], [44, 45]]}]
    fake_picture(folder / "images" / "a.jpg")
    with (folder / "annotations.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image file name", "keypoints", "segmentation"])
        writer.writerow(["a.jpg", json.dumps([spots]), json.dumps([outline])])


def make_deepposekit(folder, known):
    import h5py

    with h5py.File(folder / "annotation_data_release.h5", "w") as file:
        file["annotations"] = known[None].astype(np.float64)
        file["annotated"] = np.array([[False] + [True] * 8])
        file["images"] = np.full((1, 50, 60, 1), 5, np.uint8)


CASES = {
    "wflw": (98, make_wflw, WFLWDataset),
    "300w": (68, make_300w, Face300WDataset),
    "300vw": (68, make_300vw, Face300VWDataset),
    "300wlp": (68, make_300wlp, Face300WLPDataset),
    "lapa": (106, make_lapa, LapaDataset),
    "cofw": (29, make_cofw, COFWDataset),
    "animalpose": (20, make_animalpose, AnimalPoseDataset),
    "macaque": (17, make_macaque, MacaqueDataset),
    "deepposekit": (9, make_deepposekit, CocoDataset),
}
TESTED = [pytest.param(name, marks=needs_h5py if name in ("cofw", "deepposekit") else ()) for name in CASES]


def test_every_public_set_is_tested():
    assert set(CASES) == {name for name in RAW_MODULES if not get_format(name).unpacking}


@pytest.mark.parametrize("name", TESTED)
def test_miniature_becomes_a_data_set(name, tmp_path):
    count, make, kind = CASES[name]
    known = points(count)
    (tmp_path / "raw").mkdir()
    make(tmp_path / "raw", known)
    options = Options(source_format=name, split="none" if name in ("300wlp", "macaque", "deepposekit") else None)
    lines = []
    written = convert(
        tmp_path / "raw", tmp_path / "out", options, tell=lines.append, decide_swaps=lambda category: category.swaps
    )
    assert any(line == "lost    nothing" for line in lines)
    metainfo = {"from_file": "zebra"} if name == "deepposekit" else None
    dataset = kind(written[0].name, data_root=str(tmp_path / "out"), metainfo=metainfo, test_mode=True)
    sample = dataset[0]
    hidden = sample["keypoints_visible"][0] == 0
    assert np.allclose(sample["keypoints"][0][~hidden], known[~hidden], atol=1e-3)
    assert (tmp_path / "out" / sample["img_path"]).resolve().is_file()
    assert (dataset.metainfo["flip_indices"] == list(range(count))) == (name == "300wlp")  # whose set states no pairs
    assert sample["bbox"].shape == (1, 4)


@pytest.mark.parametrize(
    ("name", "splits"),
    [
        ("wflw", ["test", "train"]),
        ("300w", ["test", "train", "val"]),
        ("300vw", ["test", "train"]),
        ("lapa", ["train", "val"]),
        pytest.param("cofw", ["test", "test", "train", "train"], marks=needs_h5py),
        ("animalpose", ["", "test"]),
    ],
)
def test_splits_of_the_authors(name, splits, tmp_path):
    count, make, _ = CASES[name]
    make(tmp_path, points(count))
    data = get_format(name).read(tmp_path, Hints())
    assert sorted(picture.split for picture in data.pictures) == splits
    for picture in data.pictures:
        assert picture.path.is_file(), picture.path


def test_details(tmp_path):
    known = points(98)
    make_wflw(tmp_path, known)
    face = get_format("wflw").read(tmp_path, Hints()).pictures[0].instances[0]
    assert face.box == (4, 5, 42, 42)
    assert face.extra["attributes"] == dict(
        zip(("pose", "expression", "illumination", "make-up", "occlusion", "blur"), (0, 1, 0, 0, 1, 0), strict=True)
    )
    low, high = known.min(axis=0), known.max(axis=0)
    assert np.allclose(face.extra["center"], (low + high) / 2)
    assert face.extra["scale"] == np.ceil((high - low).max()) / 200


def test_box_of_the_second_part_of_animalpose(tmp_path):
    make_animalpose(tmp_path, points(20))
    data = get_format("animalpose").read(tmp_path, Hints())
    assert [picture.instances[0].box for picture in data.pictures] == [(4, 5, 40, 41)] * 2
    assert [picture.instances[0].extra for picture in data.pictures] == [{"animal": "cat"}, {"animal": "dog"}]


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "message"),
    [
        ("wflw", "*/*/*train.txt", " 0 1 0", " 0 1", r"line 1: found 206 values, expected 207"),
        ("300w", "ibug/*.pts", "{", "", r"b.pts: found no braces, expected points between { and }"),
        ("300w", "ibug/*.pts", "{\n", "{\n1 2\n", r"b.pts: found 69 points, expected 68"),
        ("300vw", "001/annot/*.pts", "{\n", "{\n1 x\n", r"found 69 points, expected 68"),
        ("lapa", "val/landmarks/*.txt", "106\n", "105\n", r"line 1: found 105, expected 106, the number of points"),
        ("lapa", "val/landmarks/*.txt", "106\n", "106\n1 2\n", r"found 107 points, expected 106"),
        ("animalpose", "*/dog/*.xml", 'name="Nose"', 'name="Nase"', r"found 'Nase', expected one of L_Eye"),
        ("animalpose", "*/dog/*.xml", "visible_bounds", "bounds", r"visible_bounds: found None, expected the animal's"),
        ("macaque", "annotations.csv", "position", "place", r"annotations.csv: row 2"),
        ("macaque", "annotations.csv", "segment", "piece", r"row 2: found only 'name', 'piece', expected the key"),
        ("macaque", "annotations.csv", "[[{", "[[", r"row 2, keypoints: found .*, expected JSON"),
    ],
)
def test_broken_miniatures(name, file, old, new, message, tmp_path):
    count, make, _ = CASES[name]
    make(tmp_path, points(count))
    path = next(tmp_path.glob(file))
    path.write_text(path.read_text().replace(old, new))
    if new == "place":  # no position is a keypoint that is not there
        assert not get_format(name).read(tmp_path, Hints()).pictures[0].instances[0].labelled.any()
        return
    with pytest.raises(ValueError, match=message):
        get_format(name).read(tmp_path, Hints())


@pytest.mark.parametrize("name", CASES)
def test_nothing_there(name, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"below this folder; give the folder of"):
        get_format(name).read(tmp_path, Hints())


def test_broken_mat_file(tmp_path):
    write(tmp_path / "landmarks" / "AFW" / "AFW_1_0_pts.mat", "nothing")
    with pytest.raises(ValueError, match=r"AFW_1_0_pts.mat: no MATLAB file with pts_2d"):
        get_format("300wlp").read(tmp_path, Hints())
    make_300wlp(tmp_path / "b", points(60))
    with pytest.raises(ValueError, match=r"found pts_2d of shape \(60, 2\), expected 68"):
        get_format("300wlp").read(tmp_path / "b", Hints())


@needs_h5py
def test_broken_hdf5(tmp_path):
    import h5py

    (tmp_path / "COFW_train_color.mat").write_bytes(b"no")
    with pytest.raises(ValueError, match="no HDF5 file that can be read"):
        get_format("cofw").read(tmp_path, Hints())
    with h5py.File(tmp_path / "COFW_train_color.mat", "w") as file:
        file["a"] = [1]
    with pytest.raises(ValueError, match="found only a, expected the array 'phisTr'; is it COFW"):
        get_format("cofw").read(tmp_path, Hints())
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["annotations"] = np.zeros((1, 5, 2))
    with pytest.raises(ValueError, match="found no annotated and no images"):
        get_format("deepposekit").read(tmp_path / "x.h5", Hints())
