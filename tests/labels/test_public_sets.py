"""Readers of public datasets, each on a made-up miniature of what is handed out."""

from __future__ import annotations

import csv
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from keypoint_data_cases import fake_image

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
from posekit.labels import Options, convert, get_format
from posekit.labels.format_table import RAW_MODULES
from posekit.labels.keypoint_data import Hints

RNG = np.random.default_rng(0)
needs_h5py = pytest.mark.skipif(importlib.util.find_spec("h5py") is None, reason="needs h5py")


def points(count):
    return RNG.uniform(5, 45, (count, 2)).round(2)


def run(source, dest, options):
    return convert(source, dest, options, tell=lambda line: None, decide_swaps=lambda category: category.swaps)


def rows(array):
    return "\n".join(f"{x} {y}" for x, y in array)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def make_wflw(folder, known):
    for split, name in (("train", "0--Parade/a b.png"), ("test", "1--Ball/c.png")):
        fake_image(folder / "WFLW_images" / name)
        cells = [*known.reshape(-1).tolist(), 4, 5, 46, 47, 0, 1, 0, 0, 1, 0, name]
        path = folder / "WFLW_annotations" / "list_98pt_rect_attr_train_test" / f"list_98pt_rect_attr_{split}.txt"
        write(path, " ".join(map(str, cells)) + "\n")


def make_300w(folder, known):
    for name in ("helen/trainset/a", "ibug/b", "300W/01_Indoor/c"):
        fake_image(folder / f"{name}.png")
        write(folder / f"{name}.pts", "version: 1\nn_points:  68\n{\n" + rows(known) + "\n}\n")


def make_300vw(folder, known):
    for video in ("001", "114"):
        write(folder / video / "annot" / "000002.pts", "version: 1\nn_points: 68\n{\n" + rows(known) + "\n}\n")
        fake_image(folder / video / "imgs" / "000002.png")


def make_300wlp(folder, known):
    from scipy.io import savemat

    fake_image(folder / "AFW" / "AFW_1_0.jpg")
    (folder / "landmarks" / "AFW").mkdir(parents=True)
    savemat(folder / "landmarks" / "AFW" / "AFW_1_0_pts.mat", {"pts_2d": known.astype(np.float32)})


def make_lapa(folder, known):
    for split in ("train", "val"):
        fake_image(folder / split / "images" / "1_0.jpg")
        write(folder / split / "landmarks" / "1_0.txt", "106\n" + rows(known) + "\n")


def make_cofw(folder, known):
    import h5py

    for split, key in (("train", "Tr"), ("test", "T")):
        with h5py.File(folder / f"COFW_{split}_color.mat", "w") as file:
            file["image"] = np.full((3, 60, 50), 7, np.uint8)
            file["grey"] = np.full((60, 50), 9, np.uint8)
            file[f"Is{key}"] = np.array([[file["image"].ref, file["grey"].ref]], h5py.ref_dtype)
            column = np.concatenate([known[:, 0] + 1, known[:, 1] + 1, [1.0] + [0.0] * 28])
            file[f"phis{key}"] = np.stack([column, column], axis=1)
            file[f"bboxes{key}"] = np.array([[4.0, 4], [5, 5], [40, 40], [41, 41]])


def make_animalpose(folder, known):
    names = get_format("animalpose").read.__globals__["category_of"]("animalpose", "animal").keypoints
    parts = (
        ("PASCAL2011_animal_annotation/cat/2008_000123_1.xml", "2008_000123", dict.fromkeys(()), "ymin"),
        ("animalpose_anno2/dog/do1.xml", "do1.jpeg", {"L_EarBase": "L_ear", "TailBase": "Tail"}, "xmax"),
    )
    for path, image, spelled, top in parts:
        spots = "".join(
            f'<keypoint name="{spelled.get(name, name)}" visible="{int(i > 0)}" x="{x}" y="{y}" z="0"/>'
            for i, (name, (x, y)) in enumerate(zip(names, known, strict=True))
        )
        box = f'<visible_bounds xmin="4" {top}="5" width="40" height="41"/>'
        kind = path.split("/")[1]
        text = f"<annotation><image>{image}</image><category>{kind}</category>{box}<keypoints>{spots}</keypoints>"
        write(folder / path, text + "</annotation>")
    fake_image(folder / "VOC2012" / "JPEGImages" / "2008_000123.jpg")
    fake_image(folder / "animalpose_image_part2" / "dog" / "do1.jpeg")


def make_macaque(folder, known):
    spots = [{"name": str(i), "position": None if i == 0 else spot.tolist()} for i, spot in enumerate(known)]
    outline = [{"name": None, "segment": [[4, 5], [44, 5], [44, 45]]}]
    fake_image(folder / "images" / "a.jpg")
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


def make_mpii(folder, known):
    from scipy.io import savemat

    visible = [[1], [0], []]
    points = [dict(id=k, x=x + 1, y=y + 1, is_visible=visible[k % 3]) for k, (x, y) in enumerate(known.tolist())]
    person = dict(scale=1.5, objpos=dict(x=31, y=26), annopoints=dict(point=points), x1=11, y1=11, x2=14, y2=15)
    unlabelled = dict(scale=0.5, objpos=dict(x=11, y=21), annopoints=[], x1=[], y1=[], x2=[], y2=[])
    names = ("001.jpg", "002.jpg", "003.jpg")
    images = [
        dict(image=dict(name=name), annorect=people, vididx=video)
        for name, people, video in zip(names, ([person, unlabelled], [unlabelled], []), (7, 8, []), strict=True)
    ]
    for name in names:
        fake_image(folder / "images" / name)
    savemat(folder / "mpii_human_pose_v1_u12_1.mat", {"RELEASE": dict(annolist=images, img_train=[1, 0, 0])})


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
    "mpii": (16, make_mpii, CocoDataset),
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
    options = Options(
        source_format=name, split="none" if name in ("300wlp", "macaque", "deepposekit", "mpii") else None
    )
    lines = []
    written = convert(
        tmp_path / "raw", tmp_path / "out", options, tell=lines.append, decide_swaps=lambda category: category.swaps
    )
    assert any(line == "lost    nothing" for line in lines)
    metainfo = {"from_file": {"deepposekit": "zebra", "mpii": "mpii"}[name]} if kind is CocoDataset else None
    labels = "annotations.json" if name == "mpii" else written[0].name  # nothing in MPII's test has keypoints
    dataset = kind(labels, data_root=str(tmp_path / "out"), metainfo=metainfo, test_mode=True)
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
        ("mpii", ["", "test", "test"]),
    ],
)
def test_splits_of_the_authors(name, splits, tmp_path):
    count, make, _ = CASES[name]
    make(tmp_path, points(count))
    data = get_format(name).read(tmp_path, Hints())
    assert sorted(image.split for image in data.images) == splits
    for image in data.images:
        assert image.path.is_file(), image.path


def test_details(tmp_path):
    known = points(98)
    make_wflw(tmp_path, known)
    face = get_format("wflw").read(tmp_path, Hints()).images[0].instances[0]
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
    assert [image.instances[0].box for image in data.images] == [(4, 5, 40, 41)] * 2
    assert [image.instances[0].extra for image in data.images] == [{"animal": "cat"}, {"animal": "dog"}]


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
        assert not get_format(name).read(tmp_path, Hints()).images[0].instances[0].labelled.any()
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


def test_subsets_that_results_are_published_on(tmp_path):
    make_300w(tmp_path / "300w", points(68))
    fake_image(tmp_path / "300w" / "lfpw" / "testset" / "d.png")
    write(tmp_path / "300w/lfpw/testset/d.pts", "version: 1\n{\n" + rows(points(68)) + "\n}\n")
    make_wflw(tmp_path / "wflw", points(98))
    make_300vw(tmp_path / "300vw", points(68))
    found = {}
    for name in ("300w", "wflw", "300vw"):
        options = Options(source_format=name)
        run(tmp_path / name, tmp_path / "out" / name, options)
        files = sorted((tmp_path / "out" / name / "subsets").glob("*.json"))
        documents = {file.stem: json.loads(file.read_text()) for file in files}
        found[name] = {
            stem: [Path(image["file_name"]).stem for image in document["images"]]
            for stem, document in documents.items()
        }
        assert all(len(document["annotations"]) == 1 for document in documents.values())
    assert found["300w"] == {"val_challenge": ["b"], "val_common": ["d"], "test_indoor": ["c"]}
    assert found["wflw"] == {"test_expression": ["c"], "test_occlusion": ["c"]}
    assert found["300vw"] == {"test_1": ["000002"]}
    dataset = WFLWDataset("subsets/test_occlusion.json", data_root=str(tmp_path / "out/wflw"), test_mode=True)
    assert Path(dataset[0]["img_path"]).is_file()
    assert len(get_format("coco").read(tmp_path / "out" / "wflw", Hints()).images) == 2  # no face twice


@pytest.mark.parametrize(
    ("folder", "split"), [("helen/trainset", "train"), ("ibug", "val"), ("300W/01_Indoor", "test"), ("300W", "test")]
)
def test_a_part_of_300w_alone_is_known_by_its_folder(folder, split, tmp_path):
    make_300w(tmp_path, points(68))
    assert [image.split for image in get_format("300w").read(tmp_path / folder, Hints()).images] == [split]


def test_a_image_in_both_lists_of_wflw_keeps_the_faces_of_each(tmp_path):
    make_wflw(tmp_path, points(98))
    for path in tmp_path.rglob("*.txt"):
        path.write_text(path.read_text().replace("0--Parade/a b.png", "1--Ball/c.png"))
    images = get_format("wflw").read(tmp_path, Hints()).images
    assert sorted(image.split for image in images) == ["test", "train"]
    assert [len(image.instances) for image in images] == [1, 1]


def test_animalpose_beside_the_whole_of_pascal_voc(tmp_path):
    make_animalpose(tmp_path, points(20))
    (tmp_path / "VOCdevkit").mkdir()
    (tmp_path / "VOC2012").rename(tmp_path / "VOCdevkit" / "VOC2012")
    write(
        tmp_path / "VOCdevkit/VOC2012/Annotations/2008_000123.xml", "<annotation><folder>VOC2012</folder></annotation>"
    )
    images = get_format("animalpose").read(tmp_path, Hints()).images
    assert [image.path.is_file() for image in images] == [True, True]


def test_what_animalpose_does_not_test_on_is_divided(tmp_path):
    make_animalpose(tmp_path / "raw", points(20))
    path = tmp_path / "raw/PASCAL2011_animal_annotation/cat/2008_000123_1.xml"
    for number in range(4):
        path.with_name(f"2008_00000{number}_1.xml").write_text(path.read_text().replace("_000123", f"_00000{number}"))
        fake_image(tmp_path / "raw/VOC2012/JPEGImages" / f"2008_00000{number}.jpg")
    written = run(tmp_path / "raw", tmp_path / "out", Options(source_format="animalpose"))
    assert [path.stem for path in written] == ["train", "val", "test", "keypoint_set"]


def test_macaque_behind_a_bar_has_two_outlines_and_one_cut_out_of_sight_has_none(tmp_path):
    make_macaque(tmp_path, points(17))
    path = tmp_path / "annotations.csv"
    text = path.read_text()
    second = (
        '{""name"": null, ""segment"": [[50, 50], [60, 50], [60, 60], [50, 60]]}, {""name"": null, ""segment"": []}'
    )
    path.write_text(text.replace("45]]}]", f"45]]}}, {second}]"))
    animal = get_format("macaque").read(tmp_path, Hints()).images[0].instances[0]
    assert animal.box == (4, 5, 57, 56)
    assert animal.area == 800 + 100
    assert [len(outline) for outline in animal.segmentation] == [6, 8]
    path.write_text(text.replace("[[4, 5], [44, 5], [44, 45]]", "[]"))
    assert get_format("macaque").read(tmp_path, Hints()).images[0].instances[0].box is None


def test_mirrored_faces_of_300wlp_trade_sides(tmp_path):
    make_300wlp(tmp_path, points(68))
    swaps = get_format("300wlp").read(tmp_path, Hints()).categories[0].swaps
    assert (swaps[0], swaps[36], swaps[48]) == (16, 45, 54)  # ends of the jaw, outer corners of eyes and mouth


@needs_h5py
def test_several_sets_of_deepposekit_are_not_one(tmp_path):
    for name in ("fly", "zebra"):
        (tmp_path / name).mkdir()
        make_deepposekit(tmp_path / name, points(9))
    with pytest.raises(ValueError, match=r"holds several sets \(fly/annotation_data_release.h5, zebra/.*give one of"):
        get_format("deepposekit").read(tmp_path, Hints())
    (tmp_path / "zebra" / "example_annotation_set.h5").touch()
    assert len(get_format("deepposekit").read(tmp_path / "zebra", Hints()).images) == 1


@needs_h5py
def test_the_other_of_matlabs_formats_is_named(tmp_path):
    import h5py
    from scipy.io import savemat

    make_300wlp(tmp_path, points(68))
    path = next(tmp_path.rglob("*_pts.mat"))
    with h5py.File(path, "w", userblock_size=512) as file:
        file["pts_2d"] = np.zeros((2, 68))
    head = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    path.write_bytes(head + path.read_bytes()[len(head) :])
    with pytest.raises(ValueError, match=r"a MATLAB 7.3 file; save pts_2d with -v7, as its authors did"):
        get_format("300wlp").read(tmp_path, Hints())
    savemat(tmp_path / "COFW_test_color.mat", {"phisT": np.zeros(3)})
    with pytest.raises(ValueError, match=r"a MATLAB 5 file; save it with -v7.3, as its authors did"):
        get_format("cofw").read(tmp_path, Hints())
