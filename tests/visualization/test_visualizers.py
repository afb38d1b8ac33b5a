"""Data samples drawn by the visualizers that configs name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from posekit.geometry.affine import Affine
from posekit.keypoints.skeleton import Skeleton
from posekit.registry import VISUALIZERS
from posekit.structures import InstanceData, PixelData, PoseDataSample

META = dict(
    dataset_name="stick", num_keypoints=2, skeleton_links=[[0, 1]],
    keypoint_colors=[[255, 0, 0], [0, 0, 255]], skeleton_link_colors=[[0, 255, 0]],
)  # fmt: skip
SOLID = dict(type="PoseLocalVisualizer", alpha=1, radius=4, line_width=3)
SPACE = dict(type="mmpose.Pose3dLocalVisualizer", alpha=1)


def sample(**parts: Any) -> PoseDataSample:
    points = np.array([[[20.0, 20.0], [60.0, 20.0]]])
    predicted = InstanceData(
        keypoints=points, keypoint_scores=np.ones((1, 2)), bboxes=np.array([[5.0, 5.0, 75.0, 35.0]])
    )
    labels = InstanceData(keypoints=points + np.array([0, 10]), keypoints_visible=np.ones((1, 2)))
    return PoseDataSample(metainfo={}, **{"pred_instances": predicted, "gt_instances": labels, **parts})


def visualizer(config: dict[str, Any], meta: dict[str, Any] = META) -> Any:
    built = VISUALIZERS.build(config)
    built.set_dataset_meta(meta)
    return built


@pytest.fixture
def paper() -> np.ndarray:
    return np.full((40, 80, 3), 255, np.uint8)


def test_colors_are_those_of_the_set_and_images_rgb(paper: np.ndarray) -> None:
    drawn = visualizer(SOLID).add_datasample("a", paper, sample(), draw_gt=False)
    assert drawn[20, 20].tolist() == [255, 0, 0]
    assert drawn[20, 60].tolist() == [0, 0, 255]
    assert drawn[20, 40].tolist() == [0, 255, 0]


@pytest.mark.parametrize(
    ("color", "rgb"), [("blue", [0, 0, 255]), ((9, 8, 7), [9, 8, 7]), ([(9, 8, 7)] * 2, [9, 8, 7])]
)
def test_colors_of_ones_own(paper: np.ndarray, color: Any, rgb: list[int]) -> None:
    drawn = visualizer({**SOLID, "kpt_color": color, "link_color": "red"}).add_datasample("a", paper, sample())
    assert drawn.shape == (40, 160, 3)
    assert drawn[30, 20].tolist() == drawn[20, 100].tolist() == rgb
    assert drawn[30, 40].tolist() == [255, 0, 0]


@pytest.mark.parametrize("color", ["mauve", (1, 2), (1, 2, 300)])
def test_what_is_no_color_is_refused(color: Any) -> None:
    with pytest.raises(ValueError, match="is no colour; give R, G, B"):
        VISUALIZERS.build({**SOLID, "bbox_color": color})


def test_boxes_numbers_and_faint_keypoints(paper: np.ndarray) -> None:
    built = visualizer({**SOLID, "skeleton": [], "bbox_color": "red", "show_keypoint_weight": True})
    faint = sample()
    faint.pred_instances.keypoint_scores = np.array([[0.5, 1.0]])
    drawn = built.add_datasample("a", paper, faint, draw_gt=False, draw_bbox=True, show_kpt_idx=True)
    assert drawn[20, 20].tolist() == pytest.approx([255, 127, 127], abs=2)
    assert (drawn[5, 40] == [255, 0, 0]).all()
    assert (drawn[26:, 26:34] < 100).any()


def test_heatmaps_lie_where_they_were_cut_out(paper: np.ndarray) -> None:
    maps = np.zeros((2, 8, 8), np.float32)
    maps[1, 4, 4] = 1
    crop = Affine(np.array([[0.8, 0, -16.0], [0, 0.8, 0]]), "image", "input")
    with_maps = sample(pred_fields=PixelData(heatmaps=maps))
    with_maps.set_metainfo({"affine": crop, "input_size": (32, 32)})
    drawn = visualizer(SOLID).add_datasample("a", paper, with_maps, draw_gt=False, draw_heatmap=True)
    assert drawn.shape == (80, 80, 3)
    tinted = np.argwhere((drawn[40:] != 255).any(2))
    assert tinted.mean(0) == pytest.approx([20, 40], abs=0.5)


def test_images_go_to_a_file_or_a_folder_and_to_sinks(paper: np.ndarray, tmp_path: Path) -> None:
    class Sink:
        def add_image(self, name: str, image: np.ndarray, step: int) -> None:
            self.seen = (name, image.shape, step)

    built = visualizer({**SOLID, "save_dir": str(tmp_path / "images")})
    built.sinks.append(Sink())
    built.add_datasample("val", paper, sample(), draw_gt=False, step=3)
    assert built.sinks[0].seen == ("val", (40, 80, 3), 3)
    assert cv2.imread(str(tmp_path / "images" / "val_3.png"))[20, 20].tolist() == [0, 0, 255]
    built.add_datasample("val", paper, sample(), draw_gt=False, out_file=tmp_path / "own.png")
    assert cv2.imread(str(tmp_path / "own.png"))[20, 20].tolist() == [0, 0, 255]
    with pytest.raises(ValueError, match=r"no image format '\.xyz'; use .jpg or .png"):
        built.add_datasample("val", paper, sample(), out_file=tmp_path / "own.xyz")


def test_unknown_options_are_refused(paper: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no option 'draw_boxes'; there are draw_gt"):
        visualizer(SOLID).add_datasample("a", paper, sample(), draw_boxes=True)
    with pytest.raises(ValueError, match="neither 'mmpose' nor 'openpose'"):
        visualizer(SOLID).add_datasample("a", paper, sample(), skeleton_style="alphapose")


def test_the_skeleton_of_openpose_has_a_neck(paper: np.ndarray) -> None:
    coco = Skeleton.load("coco").metainfo()
    points = np.zeros((1, 17, 2))
    points[0, 5], points[0, 6] = (20, 10), (40, 30)
    scores = np.zeros((1, 17))
    scores[0, 5:7] = 1
    shoulders = sample(pred_instances=InstanceData(keypoints=points, keypoint_scores=scores))
    options = dict(draw_gt=False, skeleton_style="openpose")
    drawn = visualizer(SOLID, coco).add_datasample("a", paper, shoulders, **options)
    assert drawn[20, 30].tolist() == list(Skeleton.load("coco_openpose").colors[1])
    with pytest.raises(ValueError, match="there is none for 'stick'"):
        visualizer(SOLID).add_datasample("a", paper, sample(), **options)


def lifted(**labels: Any) -> PoseDataSample:
    points = np.array([[[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]]])
    predicted = InstanceData(keypoints=points, keypoint_scores=np.ones((1, 2)))
    return PoseDataSample(metainfo={}, pred_instances=predicted, gt_instances=InstanceData(**labels))


def test_poses_in_space_stand_upright() -> None:
    drawn = visualizer(SPACE).add_datasample("a", None, lifted())
    assert drawn.shape == (480, 480, 3)
    red, blue = (np.argwhere((drawn == color).all(2)).mean(0) for color in META["keypoint_colors"])
    assert red[0] > blue[0] + 100  # y points down in a camera's space
    assert abs(red[1] - blue[1]) < 10


def test_labels_in_space_and_the_image_stand_beside(paper: np.ndarray) -> None:
    true = lifted(lifting_target=np.zeros((1, 2, 3)))
    drawn = visualizer(SPACE).add_datasample("a", paper, true, sample())
    assert drawn.shape == (480, 80 + 2 * 480, 3)
    assert (drawn[220:260, :80] != 255).any()
    assert visualizer(SPACE).add_datasample("a", paper, true, draw_gt=False, draw_2d=False).shape == (480, 480, 3)
    with pytest.raises(ValueError, match=r"in space they are \(N, K, 3\)"):
        visualizer(SPACE).add_datasample("a", paper, sample())
    with pytest.raises(ValueError, match="neither '-y' nor 'z'"):
        visualizer(SPACE).add_datasample("a", None, lifted(), up="y")
