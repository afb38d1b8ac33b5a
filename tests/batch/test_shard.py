"""Sources are cut into the same shards whenever they are looked at."""

from __future__ import annotations

import tarfile

import numpy as np
import pytest

from posekit.batch.shard import plan_of, sample_of
from posekit.media.video import VideoWriter

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def test_a_folder_is_cut_in_order(images):
    plan = plan_of([str(images)], shard_size=4)
    assert [shard.count for shard in plan.shards] == [4, 2]
    assert [shard.number for shard in plan.shards] == [0, 1]
    assert plan.shards[0].places[2:] == (str(images / "2.png"), str(images / "2b.jpg"))
    assert plan.count == 6


def test_the_hash_tells_other_inputs_and_other_shards(images):
    plan = plan_of([str(images)], shard_size=4)
    assert plan.sha256() == plan_of([str(images)], shard_size=4).sha256()
    assert plan.sha256() != plan_of([str(images)], shard_size=3).sha256()
    (images / "9.png").write_bytes(b"")
    assert plan.sha256() != plan_of([str(images)], shard_size=4).sha256()


def test_a_relative_path_means_the_same_job(images, monkeypatch):
    absolute = plan_of([str(images)]).sha256()
    monkeypatch.chdir(images.parent)
    assert plan_of(["in"]).sha256() == absolute


def test_sources_of_one_name_are_kept_apart(images):
    plan = plan_of([str(images), str(images / "*.png"), str(images)])
    assert [shard.source for shard in plan.shards] == ["in", "source", "in_2"]


def test_a_video_is_one_shard(tmp_path):
    with VideoWriter(tmp_path / "walk.mp4", fps=10) as writer:
        for _ in range(6):
            writer.write(np.zeros((48, 64, 3), np.uint8))
    (shard,) = plan_of([str(tmp_path / "walk.mp4")], shard_size=2).shards
    assert (shard.kind, shard.count) == ("video", 6)


def test_tables_of_a_folder_are_cut_by_rows(tmp_path):
    parquet.write_table(pa.table({"id": [1, 2, 3], "url": ["a", "b", "c"]}), tmp_path / "t.parquet")
    plan = plan_of([str(tmp_path)], shard_size=2)
    assert [(shard.start, shard.count, shard.column) for shard in plan.shards] == [(0, 2, "url"), (2, 1, "url")]


def test_a_tar_is_one_shard_and_its_images_are_estimated(tmp_path, images):
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for path in sorted(images.iterdir()):
            tar.add(path, path.name)
    (shard,) = plan_of([str(tmp_path / "*.tar")]).shards
    assert shard.kind == "tar"
    assert shard.count >= 6  # the end of a tar is padded


def test_what_cannot_be_a_source_is_told(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no images or videos in this folder"):
        plan_of([str(tmp_path / "empty")])
    with pytest.raises(FileNotFoundError, match="no such image, video or folder"):
        plan_of([str(tmp_path / "nothing.jpg")])
    with pytest.raises(ValueError, match="list URLs in a Parquet table"):
        plan_of(["https://example.org/a.jpg"])


def test_an_empty_table_is_told(tmp_path):
    parquet.write_table(pa.table({"url": pa.array([], pa.string())}), tmp_path / "t.parquet")
    with pytest.raises(FileNotFoundError, match="empty; there is no image in it"):
        plan_of([str(tmp_path / "t.parquet")])


def test_a_table_without_images_is_told(tmp_path):
    parquet.write_table(pa.table({"id": [1], "photo": ["a.jpg"]}), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=r"has no column of images \(.*with --column: .*photo"):
        plan_of([str(tmp_path / "t.parquet")])
    with pytest.raises(ValueError, match="did you mean 'photo'"):
        plan_of([str(tmp_path / "t.parquet")], column="photos")
    with pytest.raises(ValueError, match="column 'id' holds int64; expected paths"):
        plan_of([str(tmp_path / "t.parquet")], column="id")
    (tmp_path / "x.parquet").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="cannot be read as Parquet"):
        plan_of([str(tmp_path / "x.parquet")])


def test_the_sample_is_spread(images):
    shards = plan_of([str(images)], shard_size=1).shards
    assert [shard.number for shard in sample_of(shards, 3)] == [0, 2, 4]
    assert [shard.number for shard in sample_of(shards[:2], 4)] == [0, 1]
