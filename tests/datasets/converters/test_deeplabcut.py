"""DeepLabCut's tables in all their shapes."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from keypoint_data_cases import fake_picture

from posekit.datasets.converters.deeplabcut import read
from posekit.datasets.converters.keypoint_data import Hints

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
    fake_picture(folder / "labeled-data" / "cage" / "img1.png")
    fake_picture(folder / "labeled-data" / "cage" / "img2.png")
    (folder / "labeled-data" / "cage" / name).write_text(table)
    if config is not None:
        (folder / "config.yaml").write_text(config)
    return folder


def test_single_animal(tmp_path):
    config = "Task: cage\nscorer: Ann\nbodyparts: [tail, snout]\nskeleton: [[snout, tail], [bodypart1, snout]]\n"
    data = read(project(tmp_path, SINGLE, config), Hints())
    assert data.categories[0].keypoints == ("tail", "snout")
    assert data.categories[0].links == ((1, 0),)
    assert [picture.path.name for picture in data.pictures] == ["img1.png", "img2.png"]
    assert {picture.video for picture in data.pictures} == {"cage"}
    assert data.pictures[0].instances[0].keypoints.tolist() == [[0, 0, 0], [1.5, 2, 2]]
    assert data.pictures[1].instances[0].keypoints.tolist() == [[5, 6.25, 2], [3, 4, 2]]


def test_several_animals_with_unique_body_parts(tmp_path):
    config = (
        "Task: cage\nscorer: Ann\nmultianimalproject: true\nidentity: true\nindividuals: [m1, m2]\nbodyparts: MULTI!\n"
        "multianimalbodyparts: [snout, tail]\nuniquebodyparts: [corner]\n"
    )
    data = read(project(tmp_path, MULTI, config), Hints())
    assert [category.name for category in data.categories] == ["cage", "single"]
    first, second = data.pictures
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
    assert len(data.pictures) == 2
    assert data.categories[0].keypoints == ("tail", "snout")
    assert data.categories[0].links == ((1, 0),)
    assert all(picture.path.is_file() for picture in data.pictures)


def test_without_config(tmp_path):
    data = read(project(tmp_path, MULTI), Hints())
    assert [category.keypoints for category in data.categories] == [("snout", "tail"), ("corner",)]


def test_reordered_by_hand(tmp_path):
    data = read(project(tmp_path, SINGLE), Hints(keypoints=("tail", "snout")))
    assert data.pictures[1].instances[0].keypoints[0].tolist() == [5, 6.25, 2]
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
    assert len(read(tmp_path, Hints()).pictures) == 2


def test_hdf5(tmp_path):
    if importlib.util.find_spec("tables") is None:
        pytest.skip("needs pandas and tables")
    import pandas

    columns = pandas.MultiIndex.from_product(
        [["Ann"], ["snout", "tail"], ["x", "y"]], names=["scorer", "bodyparts", "coords"]
    )
    index = pandas.MultiIndex.from_tuples([("labeled-data", "cage", "img1.png")])
    frame = pandas.DataFrame([[1.5, 2, np.nan, np.nan]], columns=columns, index=index)
    project(tmp_path, "", "bodyparts: [snout, tail]", "unused")
    path = tmp_path / "labeled-data" / "cage" / "CollectedData_Ann.h5"
    frame.to_hdf(path, key="df_with_missing")
    data = read(tmp_path, Hints())
    assert data.pictures[0].instances[0].keypoints.tolist() == [[1.5, 2, 2], [0, 0, 0]]
    assert data.pictures[0].path.is_file()
    path.write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match=r"CollectedData_Ann.h5: no table of labels"):
        read(tmp_path, Hints())


def test_the_open_field(shared):
    data = read(shared / "data" / "dlc-openfield", Hints())
    assert len(data.pictures) == 116
    assert data.categories[0].keypoints == ("snout", "leftear", "rightear", "tailbase")
    assert data.pictures[0].instances[0].keypoints[0].tolist() == [21.521, 265.428, 2]
