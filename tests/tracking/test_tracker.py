from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posekit.inference.results import PoseResult
from posekit.tracking import Tracker

SET = dict(dataset_name="three", keypoint_id2name={0: "a", 1: "b", 2: "c"})
SHAPE = np.array([[0, 0], [20, 10], [10, 40]], float)


def frame(*corners, scores=None, keypoints=True) -> PoseResult:
    """Poses of one shape at corners (x, y)."""
    offsets = np.array(corners, float).reshape(-1, 1, 2)
    points = SHAPE + offsets
    boxes = np.concatenate([offsets[:, 0], offsets[:, 0] + SHAPE.max(0)], 1)
    sure = np.full(points.shape[:2], float(keypoints))
    return PoseResult(points, sure, SET, boxes=boxes, box_scores=None if scores is None else np.array(scores, float))


def ids(tracker: Tracker, *frames: PoseResult) -> list[list[int]]:
    return [tracker.update(poses).tolist() for poses in frames]


def test_ids_follow_people_not_places():
    assert ids(Tracker(), frame((0, 0), (100, 0)), frame((102, 0), (2, 0)), frame((4, 0))) == [[1, 2], [2, 1], [1]]


def test_a_new_person_gets_a_new_id():
    assert ids(Tracker(), frame((0, 0)), frame((300, 0), (1, 0)), frame((300, 0))) == [[1], [2, 1], [2]]


@pytest.mark.parametrize("keypoints", [True, False])
def test_lost_people_are_met_again_where_they_were_going(keypoints):
    tracker = Tracker()
    for t in range(5):
        tracker.update(frame((10 * t, 0), keypoints=keypoints))
    assert ids(tracker, *[frame()] * 4, frame((90, 0), keypoints=keypoints))[-1] == [1]
    resting = Tracker()
    assert ids(resting, frame((40, 0)), *[frame()] * 4, frame((90, 0)))[-1] == [2]


@pytest.mark.parametrize(("empty", "identity"), [(2, 1), (3, 2)])
def test_lost_people_are_forgotten_after_a_while(empty, identity):
    assert ids(Tracker(max_lost=2), frame((0, 0)), *[frame()] * empty, frame((0, 0)))[-1] == [identity]


def test_weak_poses_continue_tracks_and_begin_none():
    tracker = Tracker()
    assert ids(tracker, frame((0, 0), (100, 0), scores=[0.9, 0.3])) == [[1, -1]]
    assert ids(tracker, frame((1, 0), (100, 0), scores=[0.2, 0.9])) == [[1, 2]]
    assert ids(tracker, frame((1, 0), (100, 0), scores=[0.05, 0.9])) == [[-1, 2]]  # below both thresholds
    assert ids(tracker, frame((1, 0), scores=[0.2])) == [[-1]]  # out of sight for a frame: only a confident pose counts
    assert ids(tracker, frame((1, 0), scores=[0.5])) == [[1]]


def test_a_confident_pose_goes_before_a_nearer_weak_one():
    tracker = Tracker()
    tracker.update(frame((0, 0)))
    assert ids(tracker, frame((0, 0), (2, 0), scores=[0.4, 0.8])) == [[-1, 1]]


def test_people_who_cross_keep_their_ids():
    tracker = Tracker()
    frames = [frame((4 * t, 0), (200 - 4 * t, 3)) for t in range(50)]
    assert ids(tracker, *frames) == [[1, 2]] * 50


def test_poses_tell_apart_what_boxes_do_not():
    upright, upside_down = SHAPE, SHAPE.max(0) - SHAPE
    box = np.array([0, 0, *SHAPE.max(0)])
    both = [
        PoseResult(np.stack(order), np.ones((2, 3)), SET, boxes=np.stack([box, box]))
        for order in ((upright, upside_down), (upside_down, upright))
    ]
    assert ids(Tracker(), *both) == [[1, 2], [2, 1]]


def test_missing_keypoints_and_boxes():
    points = np.stack([SHAPE, SHAPE + 100])
    points[0, 1] = np.nan
    points[1] = np.inf
    poses = PoseResult(points, np.ones((2, 3)), SET)
    tracker = Tracker()
    assert ids(tracker, poses, poses)[0] == [1, 2]
    assert [track.identity for track in tracker.tracks][:2] == [1, 2]
    nowhere = PoseResult(points, np.ones((2, 3)), SET, boxes=np.full((2, 4), np.nan), box_scores=np.full(2, 0.9))
    assert len(set(tracker.update(nowhere).tolist())) == 2


@pytest.mark.parametrize("options", [dict(weak=0.6), dict(weak=-1), dict(min_similarity=0), dict(max_lost=-1)])
def test_options_that_make_no_sense(options):
    with pytest.raises(ValueError, match="expected"):
        Tracker(**options)


corners = st.lists(st.tuples(*[st.integers(-50, 50)] * 2, st.floats(0, 1)), max_size=6)


@settings(deadline=None)
@given(st.lists(corners, max_size=6))
def test_ids_are_unique_in_a_frame_and_count_up(frames):
    tracker, highest = Tracker(max_lost=1), 0
    for rows in frames:
        poses = frame(*[row[:2] for row in rows], scores=[row[2] for row in rows])
        identities = tracker.update(poses)
        real = identities[identities > 0]
        assert len(set(real.tolist())) == len(real)
        assert set(identities[identities <= 0].tolist()) <= {-1}
        assert all(poses.box_scores[identities < 0] < 0.5)
        fresh = sorted(real[real > highest].tolist())
        assert fresh == list(range(highest + 1, highest + 1 + len(fresh)))
        highest += len(fresh)


@settings(deadline=None)
@given(st.permutations(range(4)))
def test_the_order_of_poses_does_not_matter(order):
    places = np.array([(0, 0), (15, 5), (30, 0), (200, 9)])
    tracker = Tracker()
    tracker.update(frame(*places))
    assert tracker.update(frame(*(places + 1)[list(order)])).tolist() == [row + 1 for row in order]
