"""Box and keypoint helpers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from posekit import structures as s

number = st.floats(-1000, 1000, width=32)
size = st.floats(0, 1000, width=32)
xywh_boxes = st.lists(st.tuples(number, number, size, size), min_size=0, max_size=4).map(
    lambda rows: np.array(rows, dtype=np.float64).reshape(-1, 4)
)


@settings(max_examples=40, deadline=None)
@given(xywh_boxes, st.floats(0.5, 2))
def test_formats_convert_there_and_back(boxes: np.ndarray, padding: float) -> None:
    xyxy = s.bbox_xywh2xyxy(boxes)
    close: Callable[[np.ndarray, np.ndarray], None] = lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6)  # noqa: E731
    close(s.bbox_xyxy2xywh(xyxy), boxes)
    close(s.bbox_cs2xyxy(*s.bbox_xyxy2cs(xyxy, padding), padding), xyxy)
    close(s.bbox_cs2xywh(*s.bbox_xywh2cs(boxes, padding), padding), boxes)
    close(s.bbox_corner2xyxy(s.bbox_xyxy2corner(xyxy)), xyxy)
    for kind in ("horizontal", "vertical", "diagonal"):
        close(s.flip_bbox(s.flip_bbox(xyxy, (640, 480), "xyxy", kind), (640, 480), "xyxy", kind), xyxy)


@settings(max_examples=40, deadline=None)
@given(xywh_boxes)
def test_clipped_boxes_lie_in_the_image(boxes: np.ndarray) -> None:
    clipped = s.bbox_clip_border(s.bbox_xywh2xyxy(boxes), (640, 480))
    assert (clipped >= 0).all()
    assert (clipped <= [640, 480, 640, 480]).all()


@settings(max_examples=40, deadline=None)
@given(xywh_boxes.filter(len))
def test_overlap_lies_between_zero_and_one(boxes: np.ndarray) -> None:
    xyxy = s.bbox_xywh2xyxy(boxes)
    overlap = s.bbox_overlaps(xyxy, xyxy)
    assert ((overlap >= 0) & (overlap <= 1 + 1e-9)).all()
    np.testing.assert_allclose(overlap, overlap.T, atol=1e-9)
    assert (s.bbox_overlaps(xyxy, xyxy, mode="giou") <= overlap + 1e-9).all()


def test_scores_and_single_boxes_pass_through() -> None:
    np.testing.assert_array_equal(s.bbox_xyxy2xywh(np.array([[1, 2, 4, 8, 0.5]])), [[1, 2, 3, 6, 0.5]])
    center, scale = s.bbox_xyxy2cs(np.array([0.0, 0, 10, 20]), padding=1.25)
    np.testing.assert_array_equal([*center, *scale], [5, 10, 12.5, 25])
    np.testing.assert_array_equal(s.bbox_clip_border(np.array([[-3.0, 900]]), (640, 480)), [[0, 480]])


@pytest.mark.parametrize(
    "function",
    [
        s.bbox_xyxy2xywh,
        s.bbox_xywh2xyxy,
        s.bbox_xyxy2corner,
        lambda b: s.bbox_clip_border(b, (5, 5)),
        lambda b: s.bbox_overlaps(b, b),
    ],
)
def test_tensors_give_tensors(function: Callable) -> None:
    boxes = np.array([[1.0, 2, 4, 8], [2, 2, 9, 9]])
    found = function(torch.from_numpy(boxes))
    assert isinstance(found, torch.Tensor)
    np.testing.assert_allclose(found.numpy(), function(boxes))


def test_boxes_that_came_in_are_left_alone() -> None:
    boxes = np.array([[-1.0, 2, 4, 800]])
    kept = boxes.copy()
    s.bbox_clip_border(boxes, (640, 480))
    s.flip_bbox(boxes, (640, 480), "xyxy")
    s.bbox_xywh2xyxy(boxes)
    np.testing.assert_array_equal(boxes, kept)


def test_known_overlaps() -> None:
    first, second = np.array([[0.0, 0, 10, 10]]), np.array([[0.0, 0, 10, 20], [20, 20, 30, 30]])
    np.testing.assert_allclose(s.bbox_overlaps(first, second), [[0.5, 0]])
    np.testing.assert_allclose(s.bbox_overlaps(first, second, mode="iof"), [[1, 0]])
    np.testing.assert_allclose(s.bbox_overlaps(first, second, mode="giou"), [[0.5, -700 / 900]])
    np.testing.assert_allclose(s.bbox_overlaps(second, second, is_aligned=True), [1, 1])
    assert s.bbox_overlaps(first[:0], second).shape == (0, 2)
    with pytest.raises(ValueError, match="cannot be aligned"):
        s.bbox_overlaps(first, second, is_aligned=True)
    with pytest.raises(ValueError, match="allowed are iou"):
        s.bbox_overlaps(first, second, mode="dice")


def test_flip_bbox_names_what_is_allowed() -> None:
    with pytest.raises(ValueError, match="horizontal, vertical, diagonal"):
        s.flip_bbox(np.zeros((1, 4)), (4, 4), direction="up")
    with pytest.raises(ValueError, match="xywh, xyxy, center"):
        s.flip_bbox(np.zeros((1, 4)), (4, 4), "cxcywh")
    np.testing.assert_array_equal(s.flip_bbox(np.array([[1.0, 2]]), (10, 10), "center"), [[8, 2]])


class TestFlipKeypoints:
    keypoints = np.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]])
    visible = np.array([[1.0, 0.0, 2.0]])
    swap = (0, 2, 1)

    def test_left_and_right_change_places(self) -> None:
        found, visible = s.flip_keypoints(self.keypoints, self.visible, (10, 20), self.swap)
        np.testing.assert_array_equal(found, [[[8, 2], [4, 6], [6, 4]]])
        np.testing.assert_array_equal(visible, [[1, 2, 0]])

    @pytest.mark.parametrize("direction", ["horizontal", "vertical", "diagonal"])
    def test_twice_is_the_identity(self, direction: str) -> None:
        once = s.flip_keypoints(self.keypoints, self.visible, (10, 20), self.swap, direction)
        twice = s.flip_keypoints(once[0], once[1], (10, 20), self.swap, direction)
        np.testing.assert_array_equal(twice[0], self.keypoints)
        np.testing.assert_array_equal(twice[1], self.visible)

    def test_mistakes_are_named(self) -> None:
        with pytest.raises(ValueError, match="allowed are"):
            s.flip_keypoints(self.keypoints, None, (10, 20), self.swap, "up")
        with pytest.raises(ValueError, match="differ"):
            s.flip_keypoints(self.keypoints, self.visible[:, :2], (10, 20), self.swap)

    def test_about_a_line_or_a_root(self) -> None:
        found, _ = s.flip_keypoints_custom_center(self.keypoints, self.visible, self.swap, center_x=2)
        np.testing.assert_array_equal(found[..., 0], [[3, -1, 1]])
        found, visible = s.flip_keypoints_custom_center(
            self.keypoints, self.visible, self.swap, "root", center_index=[1, 2]
        )
        np.testing.assert_array_equal(found[..., 0], [[7, 3, 5]])
        np.testing.assert_array_equal(visible, [[1, 2, 0]])
        with pytest.raises(ValueError, match="allowed are static, root"):
            s.flip_keypoints_custom_center(self.keypoints, self.visible, self.swap, "mean")
        with pytest.raises(ValueError, match="with 3 keypoints"):
            s.flip_keypoints_custom_center(self.keypoints, self.visible, self.swap, "root", center_index=3)

    def test_keypoints_outside_of_the_image_become_invisible(self) -> None:
        keypoints = np.array([[[1.0, 2.0], [11.0, 2.0], [3.0, -1.0]]])
        visible = np.ones((1, 3))
        np.testing.assert_array_equal(s.keypoint_clip_border(keypoints, visible, (10, 10))[1], [[1, 0, 0]])
        pairs = s.keypoint_clip_border(keypoints, np.ones((1, 3, 2)), (10, 10))[1]
        np.testing.assert_array_equal(pairs, [[[1, 1], [0, 1], [0, 1]]])
        assert visible.all()
