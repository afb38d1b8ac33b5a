"""Label files that are broken in any way give one clear error or are read; nothing else comes out."""

from __future__ import annotations

import copy
import json
import random
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keypoint_data_cases import TOKENS, check_reading, mice, what_remains

from posekit.labels.format_table import get_format
from posekit.labels.keypoint_data import Hints

LABELS = {
    "coco": ("annotations.json", "keypoint_set.py"),
    "yolo": ("data.yaml", "labels/train/0.txt"),
    "deeplabcut": ("config.yaml", "labeled-data/cage/CollectedData_posekit.csv"),
    "labelstudio": ("tasks.json", "label_config.xml"),
    "cvat": ("annotations.xml",),
    "labelme": ("0.json", "labels.txt"),
    "openpose": ("0_keypoints.json",),
}
FILES = [(name, file) for name, files in LABELS.items() for file in files]
JUNK = [None, -1, 0, 3, 2.5, 10**30, float("nan"), True, "", "x", "nose", "\0", [], [1], {}, {"a": 1}, [[1]], [None]]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Labels of two mice in every format."""
    folder = tmp_path_factory.mktemp("written")
    for name in LABELS:
        rest, _ = what_remains(mice(folder / "images", 2), name)
        get_format(name).write(rest, folder / name, copy_images=False)
    return folder


def nodes(value, path=()):
    """Yield the way to every value in a JSON document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from nodes(item, (*path, key))


def replaced(document, path, junk):
    """Return a document with one value replaced, or taken out if ``junk`` is ..."""
    if not path:
        return None if junk is ... else junk
    document = copy.deepcopy(document)
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    if junk is ...:
        del parent[path[-1]]
    else:
        parent[path[-1]] = junk
    return document


def with_file(written, name, file, content, check=check_reading):
    """Check the reading with a file's content replaced; put it right again."""
    path = written / name / file
    whole = path.read_bytes()
    try:
        path.write_bytes(content)
        check(name, written, file)
    finally:
        path.write_bytes(whole)


QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(("name", "file"), [(name, file) for name, file in FILES if file.endswith(".json")])
@QUICK
@given(data=st.data())
def test_json_with_a_wrong_value(written, name, file, data):
    document = json.loads((written / name / file).read_bytes())
    path = data.draw(st.sampled_from(list(nodes(document))))
    junk = data.draw(st.sampled_from([*JUNK, ...]))
    with_file(written, name, file, json.dumps(replaced(document, path, junk)).encode())


@pytest.mark.parametrize(("name", "file"), FILES)
@QUICK
@given(seed=st.integers(0, 2**32), token=st.sampled_from(TOKENS), cut=st.integers(0, 30))
def test_file_with_a_hole(written, name, file, seed, token, cut):
    whole = (written / name / file).read_bytes()
    start = random.Random(seed).randrange(len(whole) + 1)
    with_file(written, name, file, whole[:start] + token + whole[start + cut :])


@pytest.mark.parametrize(("name", "file"), FILES)
@QUICK
@given(content=st.binary(max_size=40))
def test_file_of_anything(written, name, file, content):
    with_file(written, name, file, content)


@pytest.mark.parametrize("name", LABELS)
def test_missing_files(written, name, tmp_path):
    with pytest.raises((ValueError, FileNotFoundError), match="no"):
        get_format(name).read(tmp_path / "none", Hints())
    shutil.copytree(written / name, tmp_path / "copy", symlinks=True)
    for path in (tmp_path / "copy").rglob("*"):
        if path.is_symlink() or path.suffix == ".png":
            path.unlink()
    if name == "yolo":  # the only one that finds labels by the images
        with pytest.raises(ValueError, match="found no images, expected some under train, val or test"):
            get_format(name).read(tmp_path / "copy", Hints())
    else:
        assert len(get_format(name).read(tmp_path / "copy", Hints()).images) == 2
