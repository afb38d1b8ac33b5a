"""A shard is written once all its rows are there, each once, however often and in whatever order they come."""

from __future__ import annotations

import numpy as np
import pytest

from posekit.batch.committer import Committer
from posekit.batch.job_folder import JobFolder
from posekit.batch.shard import Shard
from posekit.batch.shard_images import ShardImage
from posekit.batch.tables import image_table, pose_table
from posekit.inference.results import PoseResult

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

SET = {"dataset_name": "box", "keypoint_id2name": {0: "low", 1: "high"}, "num_keypoints": 2, "skeleton_links": []}
SHARDS = [Shard(number, "in", "images", (), count=4) for number in range(2)]
POSE = PoseResult(np.ones((1, 2, 2), np.float32), np.ones((1, 2), np.float32), SET)


def rows(shard, *numbers, end=False, bad=()):
    """Return poses of some images of a shard."""
    tables = []
    for number in numbers:
        images = image_table([ShardImage(f"{number}.png", np.zeros((4, 4, 3), np.uint8))], shard, number, end=False)
        error = "damaged" if number in bad else None
        tables.append(pose_table(images, [None if error else POSE], [error]))
    if end:
        tables.append(pose_table(image_table([], shard, 4, end=True), [None], [None]))
    return pa.concat_tables(tables)


@pytest.fixture
def folder(tmp_path):
    return JobFolder(tmp_path)


def written(folder, name, number=0):
    path = folder.file_of(name, "in", number)
    return parquet.read_table(path, partitioning=None)["row"].to_pylist() if path.exists() else []


def test_rows_in_any_order(folder):
    committer = Committer(folder, SHARDS)
    assert committer.take(rows(0, 2, 3, end=True)) == []
    assert committer.take(rows(1, 0)) == []
    (entry,) = committer.take(rows(0, 1, 0))
    assert (entry.shard, entry.poses, entry.errors) == (0, 4, 0)
    assert written(folder, "poses") == [0, 1, 2, 3]
    assert list(folder.committed()) == [entry]


def test_rows_that_come_twice_count_once(folder):
    committer = Committer(folder, SHARDS)
    committer.take(rows(0, 0, 1))
    committer.take(rows(0, 0, 1, 2))
    (entry,) = committer.take(rows(0, 2, 3, end=True))
    assert committer.take(rows(0, 2, 3, end=True)) == []
    assert entry.poses == 4
    assert written(folder, "poses") == [0, 1, 2, 3]


def test_errors_have_a_table_of_their_own(folder):
    Committer(folder, SHARDS).take(rows(0, 0, 1, 2, 3, end=True, bad=(1,)))
    assert written(folder, "poses") == [0, 2, 3]
    assert written(folder, "errors") == [1]


def test_a_repeat_replaces_what_an_attempt_left_that_was_not_noted(folder):
    Committer(folder, SHARDS).take(rows(0, 0, 1, 2, 3, end=True, bad=(1,)))
    (folder.path / "manifest.jsonl").unlink()  # as if the driver had been killed before it noted the shard
    Committer(folder, SHARDS).take(rows(0, 0, 1, 2, 3, end=True))
    assert written(folder, "poses") == [0, 1, 2, 3]
    assert written(folder, "errors") == []
