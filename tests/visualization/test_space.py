import numpy as np
import pytest

from posekit.visualization.space import PAPER, SIDE_PX, View, draw_view

METAINFO = {
    "skeleton_links": [(0, 1)],
    "skeleton_link_colors": np.array([[255, 0, 0]]),
    "keypoint_colors": np.array([[0, 255, 0], [0, 0, 255]]),
}
AHEAD = View(azimuth=-90.0, elevation=0.0, side=2.0)
SCALE = 0.8 * SIDE_PX / 2


def test_the_camera_sees_x_to_the_right_and_z_above():
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1], [0, -1, 0]], float)
    places, near = AHEAD.project(points, np.zeros(3))
    middle = SIDE_PX / 2
    assert places == pytest.approx(np.array([[0, 0], [SCALE, 0], [0, -SCALE], [0, 0]]) + middle)
    assert near == pytest.approx([0, 0, 0, 1])  # what lies against the direction of the view is nearer


def test_from_above_the_floor_lies_flat():
    places, _ = View(-90.0, 90.0, 2.0).project(np.array([[0, 1, 5]], float), np.zeros(3))
    assert places[0] == pytest.approx([SIDE_PX / 2, SIDE_PX / 2 - SCALE])


def test_a_pose_has_its_links_and_keypoints_in_their_colours():
    points = np.array([[-0.5, 0, 0], [0.5, 0, 1]], float)
    drawn = draw_view(points, np.ones(2, bool), METAINFO, AHEAD)
    places, _ = AHEAD.project(points, points.mean(0))
    x, y = places.mean(0).astype(int)
    assert drawn[y, x].tolist() == [0, 0, 255]
    for (x, y), color in zip(places.round().astype(int), [[0, 255, 0], [255, 0, 0]], strict=True):
        assert drawn[y, x].tolist() == color


def test_the_nearer_keypoint_covers_the_farther():
    points = np.array([[0, 1, 0], [0, -1, 0]], float)
    drawn = draw_view(points, np.ones(2, bool), METAINFO, AHEAD)
    assert drawn[SIDE_PX // 2, SIDE_PX // 2].tolist() == [255, 0, 0]


def test_a_pose_of_no_sure_keypoints_is_paper():
    drawn = draw_view(np.full((2, 3), np.nan), np.zeros(2, bool), METAINFO, AHEAD)
    assert (drawn == PAPER).all()
