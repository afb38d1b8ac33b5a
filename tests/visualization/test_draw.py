from __future__ import annotations

import numpy as np
import pytest

from posekit.reports.gallery import blank
from posekit.structures.instance_data import InstanceData
from posekit.visualization.draw import PoseStyle, draw_heatmaps, draw_pose

META = dict(
    dataset_name="stick", num_keypoints=2, skeleton_links=[[0, 1]],
    keypoint_colors=[[255, 0, 0], [0, 0, 255]], skeleton_link_colors=[[0, 255, 0]],
)  # fmt: skip
SOLID = PoseStyle(alpha=1, radius=4, thickness=3, outline=False)


def person(scores=(1.0, 1.0), points=((20.0, 20.0), (60.0, 20.0)), **more) -> InstanceData:
    return InstanceData(keypoints=np.array([points]), keypoint_scores=np.array([scores]), **more)


@pytest.fixture
def paper():
    return blank((80, 40), (255, 255, 255))


def test_colours_of_the_set_are_rgb_and_the_image_bgr(paper):
    drawn = draw_pose(paper, person(), META, style=SOLID)
    assert drawn[20, 20].tolist() == [0, 0, 255]
    assert drawn[20, 60].tolist() == [255, 0, 0]
    assert drawn[20, 40].tolist() == [0, 255, 0]
    assert (paper == 255).all()


def test_sizes(paper):
    drawn = draw_pose(paper, person(), META, style=SOLID)
    thickness, diameter = (255.0 - drawn[:, [40, 20], 0]).sum(0) / 255
    assert thickness == pytest.approx(3, abs=0.5)
    assert diameter == pytest.approx(8, abs=0.5)
    large = draw_pose(blank((800, 400)), person(points=((100, 100), (700, 100))), META)
    small = draw_pose(blank((800, 400)), person(points=((100, 100), (150, 100))), META)
    assert (large != small).sum() > 20_000


@pytest.mark.parametrize("far", [1e9, -1e30])
def test_a_box_far_out_is_drawn_as_far_as_it_goes(far, paper):
    box = np.array([[10.0, 10.0, 30.0, max(far, 30.0)]]) if far > 0 else np.array([[far, 10.0, 30.0, 30.0]])
    drawn = draw_pose(paper, person(scores=(0.0, 0.0), bboxes=box), META, style=PoseStyle(alpha=1, boxes=True))
    assert (drawn[15, 30] != 255).any()
    assert (drawn[35, 70] == 255).all()


def test_keypoints_below_the_threshold_are_left_out(paper):
    drawn = draw_pose(paper, person(scores=(1.0, 0.1)), META, style=SOLID)
    assert (drawn[:, 30:] == 255).all()
    assert drawn[20, 20].tolist() == [0, 0, 255]


@pytest.mark.parametrize("point", [(np.nan, 3), (np.inf, 3), (-1e12, 3), (500, -60)])
def test_points_outside_or_not_finite_do_no_harm(point, paper):
    drawn = draw_pose(paper, person(points=((20.0, 20.0), point)), META)
    assert drawn.shape == paper.shape


def test_labels_boxes_and_missing_parts(paper):
    truth = InstanceData(keypoints=np.array([[[20.0, 20], [60, 20]]]), keypoints_visible=np.array([[1, 0]]))
    assert (draw_pose(paper, truth, META, style=SOLID)[:, 30:] == 255).all()
    boxed = person(bboxes=np.array([[5.0, 5, 75, 35]]))
    style = PoseStyle(boxes=True, scores=True)
    assert (draw_pose(paper, boxed, META, style=style)[30:36, 5:10] != 255).any()
    bare = dict(num_keypoints=2)
    assert (draw_pose(paper, person(), bare) != 255).any()
    assert (draw_pose(paper, InstanceData(), META) == paper).all()


def test_alpha_blends(paper):
    drawn = draw_pose(paper, person(), META, style=PoseStyle(alpha=0.5, radius=4, thickness=3, outline=False))
    assert drawn[20, 20].tolist() == pytest.approx([127.5, 127.5, 255], abs=1)


@pytest.mark.parametrize("settings", [dict(alpha=2), dict(radius=0), dict(thickness=-1)])
def test_style_is_checked(settings):
    with pytest.raises(ValueError, match="must be"):
        PoseStyle(**settings)


def test_wrong_image_and_keypoints(paper):
    with pytest.raises(ValueError, match="cannot draw on float64"):
        draw_pose(paper / 255, person(), META)
    with pytest.raises(ValueError, match=r"do not fit the keypoint set 'stick'; expected \(N, 2, 2\)"):
        draw_pose(paper, InstanceData(keypoints=np.zeros((1, 3, 2))), META)


def test_heatmaps_tint_their_peak(paper):
    maps = np.zeros((2, 10, 20))
    maps[1, 5, 10] = 1
    tinted = draw_heatmaps(paper, maps)
    assert (tinted[0, 0] == 255).all()
    assert (tinted[22, 42] != 255).any()
    np.testing.assert_array_equal(draw_heatmaps(paper, maps.max(0)), tinted)
    with pytest.raises(ValueError, match=r"expected \(K, h, w\)"):
        draw_heatmaps(paper, np.zeros(3))
