from __future__ import annotations

import tempfile

import numpy as np
import pytest

from posekit.inference.journal import Journal
from posekit.inference.pipeline import Frame
from posekit.inference.results import PoseResult
from posekit.media.sources import Source

SKELETON = dict(keypoint_id2name={0: "low", 1: "high"}, num_keypoints=2, sigmas=np.array([0.1, 0.2]))
IMAGE = np.zeros((4, 4, 3), np.uint8)


class Clip(Source):
    kind = "video"
    fps = 10.0


def result(people: int, **columns) -> PoseResult:
    points = np.arange(people * 4, dtype=np.float32).reshape(people, 2, 2) / 3
    return PoseResult(points, points[..., 0], SKELETON, (4, 4), boxes=np.zeros((people, 4), np.float32), **columns)


@pytest.fixture
def journal():
    with tempfile.TemporaryFile() as file:
        own = Journal(file)
        own.begin({"model": "m"})
        yield own


def note(journal: Journal, source: Source, *results: PoseResult, ends: bool = True) -> None:
    for number, poses in enumerate(results):
        journal.enter(frame := Frame(source, number, IMAGE, poses))
        journal.take(frame)
    if ends:
        journal.enter(end := Frame(source, len(results), None))
        journal.take(end)


def test_results_read_back_without_loss_though_their_columns_differ(journal):
    with_scores = result(2, box_scores=np.array([0.5, 0.25], np.float32), track_ids=np.array([3, -1]))
    results = [result(0), result(1), with_scores, result(0)]
    note(journal, Clip("a.mp4", "a"), *results)
    saved = [poses for _, poses in journal.frames()]
    for before, after in zip(results, saved, strict=True):
        np.testing.assert_array_equal(after.keypoints, before.keypoints)
        assert after.keypoints.dtype == np.float32
    assert saved[2].track_ids.tolist() == [3, -1]
    assert saved[2].box_scores.tolist() == [0.5, 0.25]
    assert saved[1].box_scores is None
    assert [(poses.file_name, poses.frame, poses.time) for poses in saved[:2]] == [("a.mp4", 0, 0), ("a.mp4", 1, 0.1)]
    np.testing.assert_array_equal(saved[0].skeleton["sigmas"], SKELETON["sigmas"])


def test_states_of_sources(journal):
    note(journal, Source("a.jpg", "a"), result(1))
    journal.enter(failed := Frame(Source("b.jpg", "b"), 0, None, error=ValueError("b.jpg is empty")))
    journal.take(failed)
    note(journal, Clip("c.mp4", "c"), result(1), result(1), ends=False)
    states = [(saved.place, saved.count, saved.state) for saved in journal.sources().values()]
    assert states == [("a.jpg", 1, ""), ("b.jpg", 0, "b.jpg is empty"), ("c.mp4", 2, None)]
    assert {key: len(results) for key, results in journal.begun({"c.mp4"}).items()} == {"c.mp4": 2}


def test_going_on_forgets_sources_and_a_line_that_is_cut_off(journal):
    for place in ("a.jpg", "b.jpg"):
        note(journal, Source(place), result(1))
    journal.file.write(b'{"frame": {"file')
    journal.go_on({"a.jpg"})
    assert [saved.place for saved, _ in journal.frames()] == ["b.jpg"]
    note(journal, Source("a.jpg"), result(2))
    assert [(saved.place, len(poses)) for saved, poses in journal.frames()] == [("b.jpg", 1), ("a.jpg", 2)]


def test_options_of_a_job_and_of_what_is_none(journal):
    assert journal.options() == {"model": "m"}
    with tempfile.TemporaryFile() as file:
        assert Journal(file).options() is None
        file.write(b'{"job": {"version": 99}}\n')
        assert Journal(file).options() is None
