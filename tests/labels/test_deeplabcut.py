"""DeepLabCut's tables in all their shapes."""

from __future__ import annotations

import csv
import io
import pickle
from dataclasses import replace

import numpy as np
import pytest
from keypoint_data_cases import fake_image, mice, what_remains

from posekit.labels.format_table import get_format
from posekit.labels.formats.deeplabcut import read
from posekit.labels.keypoint_data import Hints
from posekit.labels.text_files import read_yaml

SINGLE = """scorer,Ann,Ann,Ann,Ann
bodyparts,snout,snout,tail,tail
coords,x,y,x,y
labeled-data/cage/img1.png,1.5,2,,
labeled-data/cage/img2.png,3,4,5,6.25
"""

MULTI = """scorer,,,Ann,Ann,Ann,Ann,Ann,Ann,Ann,Ann,Ann,Ann
individuals,,,m1,m1,m1,m1,m2,m2,m2,m2,single,single
bodyparts,,,snout,snout,tail,tail,snout,snout,tail,tail,corner,corner
coords,,,x,y,x,y,x,y,x,y,x,y
labeled-data,cage,img1.png,1,2,3,4,,,,,9,8
labeled-data,cage,img2.png,,,,,5,6,7,8,,
"""


def project(folder, table, config=None, name="CollectedData_Ann.csv"):
    fake_image(folder / "labeled-data" / "cage" / "img1.png")
    fake_image(folder / "labeled-data" / "cage" / "img2.png")
    (folder / "labeled-data" / "cage" / name).write_text(table)
    if config is not None:
        (folder / "config.yaml").write_text(config)
    return folder


def test_single_animal(tmp_path):
    config = "Task: cage\nscorer: Ann\nbodyparts: [tail, snout]\nskeleton: [[snout, tail], [bodypart1, snout]]\n"
    data = read(project(tmp_path, SINGLE, config), Hints())
    assert data.categories[0].keypoints == ("tail", "snout")
    assert data.categories[0].links == ((1, 0),)
    assert [image.path.name for image in data.images] == ["img1.png", "img2.png"]
    assert {image.video for image in data.images} == {"cage"}
    assert data.images[0].instances[0].keypoints.tolist() == [[0, 0, 0], [1.5, 2, 2]]
    assert data.images[1].instances[0].keypoints.tolist() == [[5, 6.25, 2], [3, 4, 2]]


def test_several_animals_with_unique_body_parts(tmp_path):
    config = (
        "Task: cage\nscorer: Ann\nmultianimalproject: true\nidentity: true\nindividuals: [m1, m2]\nbodyparts: MULTI!\n"
        "multianimalbodyparts: [snout, tail]\nuniquebodyparts: [corner]\n"
    )
    data = read(project(tmp_path, MULTI, config), Hints())
    assert [category.name for category in data.categories] == ["cage", "single"]
    first, second = data.images
    assert [(i.category, i.track, i.keypoints[:, :2].tolist()) for i in first.instances] == [
        (0, "m1", [[1, 2], [3, 4]]),
        (1, None, [[9, 8]]),
    ]
    assert [(i.category, i.track) for i in second.instances] == [(0, "m2")]


@pytest.mark.parametrize("source", ["config.yaml", "labeled-data/cage/CollectedData_Ann.csv", "labeled-data/cage", "."])
def test_ways_to_name_a_project(source, tmp_path):
    data = read(
        project(tmp_path, SINGLE, "bodyparts: [tail, snout]\nskeleton: [[snout, tail], [[1], 2]]") / source, Hints()
    )
    assert len(data.images) == 2
    assert data.categories[0].keypoints == ("tail", "snout")
    assert data.categories[0].links == ((1, 0),)
    assert all(image.path.is_file() for image in data.images)


def test_without_config(tmp_path):
    data = read(project(tmp_path, MULTI), Hints())
    assert [category.keypoints for category in data.categories] == [("snout", "tail"), ("corner",)]


def test_body_parts_that_are_numbers(tmp_path):
    config = "bodyparts: [1, tail]\nskeleton: [[1, tail]]\n"
    data = read(project(tmp_path, SINGLE.replace("snout", "1"), config), Hints())
    assert (data.categories[0].keypoints, data.categories[0].links) == (("1", "tail"), ((0, 1),))


def test_several_videos_with_images_of_one_name(tmp_path):
    for video in ("day 1", "dAy-2 ü"):
        text = SINGLE.replace("labeled-data/cage/", f"labeled-data\\{video}\\")
        folder = fake_image(tmp_path / "labeled-data" / video / "img1.png").parent
        fake_image(folder / "img2.png")
        (folder / "CollectedData_Ann.csv").write_text(text)
        fake_image(tmp_path / "labeled-data" / f"{video}_labeled" / "img1.png")  # as DeepLabCut draws them
    data = read(tmp_path, Hints())
    assert sorted({str(image.video) for image in data.images}) == ["dAy-2 ü", "day 1"]
    assert len({image.path for image in data.images if image.path.is_file()}) == 4
    get_format("coco").write(what_remains(data, "coco")[0], tmp_path / "out", copy_images=True)
    assert len(list((tmp_path / "out").rglob("*.png"))) == 4


def test_reordered_by_hand(tmp_path):
    data = read(project(tmp_path, SINGLE), Hints(keypoints=("tail", "snout")))
    assert data.images[1].instances[0].keypoints[0].tolist() == [5, 6.25, 2]
    with pytest.raises(ValueError, match="body parts are snout, tail; give these, reordered"):
        read(tmp_path, Hints(keypoints=("a",)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("3,4,5", "3,x4,5", r"row 2, snout y: found 'x4', expected a number"),
        ("5,6.25", "5", r"row 2: found 4 cells, expected 5"),
        ("coords,x,y,x,y", "coords,x,likelihood,x,y", "found 'likelihood', expected x and y .DeepLabCut's predictions"),
        ("coords,x,y,x,y", "coords,x,x,x,y", "one x and one y of each body part"),
        ("bodyparts,snout,snout", "bodyparts,snout", "header rows of 3, 3, 4 cells"),
        ("tail,tail", "paw,paw", "found 'paw', expected one of config.yaml's: snout, tail; add it to config.yaml"),
        ("img1", "i\0mg1", "image names: found .*, expected a text without NUL characters"),
        ("scorer", "score", r"found score, bodyparts, coords, labeled-data"),
    ],
)
def test_broken_tables(old, new, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read(project(tmp_path, SINGLE.replace(old, new), "bodyparts: [snout, tail]"), Hints())


def test_several_tables(tmp_path):
    project(tmp_path, SINGLE, "scorer: Bob\nbodyparts: [snout, tail]", "CollectedData_Cid.csv")
    project(tmp_path, SINGLE)
    with pytest.raises(ValueError, match="several tables of labels"):
        read(tmp_path, Hints())
    project(tmp_path, SINGLE, name="CollectedData_Bob.csv")
    assert len(read(tmp_path, Hints()).images) == 2


@pytest.fixture
def pandas():
    pytest.importorskip("tables")
    return pytest.importorskip("pandas")


@pytest.mark.parametrize("layout", ["fixed", "table"])
@pytest.mark.parametrize("row", ["labeled-data/cage/img1.png", ("labeled-data", "cage", "img1.png")])
@pytest.mark.parametrize("animals", [[], ["m1", "m2"]])
def test_hdf5(layout, row, animals, pandas, tmp_path):
    if layout == "table" and isinstance(row, tuple):
        pytest.skip("pandas cannot write levels of rows in this layout")
    levels = ["scorer", *(["individuals"] if animals else []), "bodyparts", "coords"]
    names = [["Ann"], *([animals] if animals else []), ["Schnauze ü", "tail"], ["x", "y"]]
    columns = pandas.MultiIndex.from_product(names, names=levels)
    index = pandas.MultiIndex.from_tuples([row]) if isinstance(row, tuple) else [row]
    values = [[1.5, 2, np.nan, np.nan] + [3, 4, 5, 6] * (len(animals) - 1)]
    frame = pandas.DataFrame(values, columns=columns, index=index)
    project(tmp_path, "", name="unused")
    frame.to_hdf(tmp_path / "labeled-data/cage/CollectedData_Ann.h5", key="df_with_missing", format=layout)
    data = read(tmp_path, Hints())
    assert data.categories[0].keypoints == ("Schnauze ü", "tail")
    found = [instance.keypoints.tolist() for instance in data.images[0].instances]
    assert found == [[[1.5, 2, 2], [0, 0, 0]], *([[[3, 4, 2], [5, 6, 2]]] if animals else [])]
    assert data.images[0].path.is_file()


class Malicious:
    def __reduce__(self):
        return (eval, ("1 / 0",))


def hdf_file(path, **changes):
    """Write the smallest table: one image, one body part; ``changes`` replace attributes or datasets."""
    h5py = pytest.importorskip("h5py")
    axes = {"axis0": [["Ann"], ["snout"], ["x", "y"]], "axis1": [["img1.png"]]}
    axes["block0_items"] = axes["axis0"]
    with h5py.File(path, "w") as file:
        group = file.create_group("df")
        group.attrs.update({"pandas_type": b"frame", "nblocks": changes.get("nblocks", 1)})
        for name, levels in axes.items():
            group.attrs.update({f"{name}_variety": b"multi", f"{name}_nlevels": len(levels)})
            for number, level in enumerate(levels):
                group[f"{name}_level{number}"] = np.array([text.encode() for text in level])
                codes = [0] if name == "axis1" else [0, 1] if number == 2 else [0, 0]
                group[f"{name}_label{number}"] = np.array(changes.get(f"{name}_label{number}", codes), np.int8)
        group["block0_values"] = np.array(changes.get("values", [[1.5, 2]]), np.float64)
        group["block0_values"].attrs["transposed"] = 1
        group.attrs["title"] = np.bytes_(pickle.dumps(Malicious(), 0))


def test_hdf5_runs_no_code_of_the_file(pandas, tmp_path):
    project(tmp_path, "", name="unused")
    path = tmp_path / "labeled-data/cage/CollectedData_Ann.h5"
    hdf_file(path)
    assert read(tmp_path, Hints()).images[0].instances[0].keypoints.tolist() == [[1.5, 2, 2]]
    columns = pandas.MultiIndex.from_product([["Ann"], ["snout"], ["x", "y"]])
    pandas.DataFrame([[1.5, 2]], columns=columns, index=["a.png"]).to_hdf(path, key="df", mode="w", format="table")
    with pytest.importorskip("h5py").File(path, "a") as file:
        file["df/table"].attrs["values_block_0_kind"] = np.bytes_(pickle.dumps(Malicious(), 0))
    with pytest.raises(ValueError, match=r"CollectedData_Ann.h5' is refused: it asks for builtins.eval"):
        read(tmp_path, Hints())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axis0_label1": [0, 7]}, "axis0: codes 0 to 7 of 1 names"),
        ({"values": [[1.0]]}, "block0_values of 1 x 1, for 1 rows and 2 columns; write it again, or give the CSV file"),
        ({"values": [[1, np.inf]]}, "found inf, expected numbers"),
        ({"nblocks": 2}, "no table of labels"),
        (None, "no table of labels"),
    ],
)
def test_broken_hdf5(changes, message, tmp_path):
    pytest.importorskip("h5py")
    path = tmp_path / "CollectedData_Ann.h5"
    path.write_bytes(b"no HDF5")
    if changes is not None:
        hdf_file(path, **changes)
    with pytest.raises(ValueError, match=message):
        read(path, Hints())


def test_hdf5_that_claims_more_than_there_is(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "CollectedData_Ann.h5"
    hdf_file(path)
    with h5py.File(path, "a") as file:
        del file["df/block0_values"]
        file["df"].create_dataset("block0_values", (10**6, 10**6), chunks=(1, 1000), dtype="f4")
    with pytest.raises(ValueError, match="/df/block0_values claims 4,000,000,000,000 bytes"):
        read(path, Hints())


def test_the_open_field(shared):
    data = read(shared / "data" / "dlc-openfield", Hints())
    assert len(data.images) == 116
    assert data.categories[0].keypoints == ("snout", "leftear", "rightear", "tailbase")
    assert data.images[0].instances[0].keypoints[0].tolist() == [21.521, 265.428, 2]


def test_names_are_no_formulas_in_a_spreadsheet_and_come_back(tmp_path):
    data = mice(tmp_path / "in")
    names = ("=cmd|a", "'+1", "-x", "@y")
    data.categories[0] = replace(data.categories[0], keypoints=names)
    rest, _ = what_remains(data, "deeplabcut")
    get_format("deeplabcut").write(rest, tmp_path / "out", copy_images=False)
    (table,) = (tmp_path / "out").rglob("*.csv")
    cells = next(row for row in csv.reader(io.StringIO(table.read_text())) if row[0] == "bodyparts")[1::2]
    assert set(cells) == {"'=cmd|a", "''+1", "'-x", "'@y"}
    assert set(read_yaml(tmp_path / "out" / "config.yaml")["multianimalbodyparts"]) == set(cells)
    assert read(tmp_path / "out", Hints()).categories[0].keypoints == names
