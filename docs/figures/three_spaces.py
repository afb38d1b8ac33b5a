"""Draw the three spaces of a sample: ``python docs/figures/three_spaces.py`` writes three_spaces.jpg beside it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from posekit import Pose
from posekit.cli.predict import PHOTOGRAPH
from posekit.datasets.transforms.pipeline import Pipeline
from posekit.structures import InstanceData
from posekit.visualization.draw import PoseStyle, draw_heatmaps, draw_pose

CODEC = dict(type="MSRAHeatmap", input_size=(192, 256), heatmap_size=(48, 64), sigma=2)
HEIGHT = 480
BACKGROUND = 250
MARGIN = 16
CAPTION = 64


def training_sample() -> tuple[np.ndarray, InstanceData, dict]:
    """Return image, pose and keypoint set of the photograph that comes with posekit."""
    image = cv2.imread(str(PHOTOGRAPH))
    result = Pose()(image, boxes=[[0, 0, image.shape[1], image.shape[0]]])
    return image, result.instances(), result.skeleton


def panel(image: np.ndarray, title: str, unit: str) -> np.ndarray:
    """Return an image at the figure's height with two lines below it."""
    width = round(image.shape[1] * HEIGHT / image.shape[0])
    enlarged = cv2.resize(image, (width, HEIGHT), interpolation=cv2.INTER_NEAREST)
    canvas = np.full((HEIGHT + CAPTION + 2 * MARGIN, width + 2 * MARGIN, 3), BACKGROUND, np.uint8)
    canvas[MARGIN : MARGIN + HEIGHT, MARGIN : MARGIN + width] = enlarged
    for text, y, shade, scale in ((title, 28, 20, 0.75), (unit, 54, 90, 0.6)):
        place = (MARGIN, MARGIN + HEIGHT + y)
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (shade,) * 3, 1, cv2.LINE_AA)
    return canvas


def main() -> None:
    image, pose, skeleton = training_sample()
    seen = pose.keypoint_scores[0] > 0.3
    pipeline = Pipeline([
        dict(type="GetBBoxCenterScale"),
        dict(type="TopdownAffine", input_size=CODEC["input_size"]),
        dict(type="GenerateTarget", encoder=CODEC),
    ], available=("img", "img_shape", "bbox", "keypoints", "keypoints_visible"))  # fmt: skip
    results = pipeline(dict(
        img=image, img_shape=image.shape[:2], bbox=np.float32(pose.bboxes), keypoints=np.float32(pose.keypoints),
        keypoints_visible=np.float32(seen[None]),
    ))  # fmt: skip
    in_input = InstanceData(keypoints=results["transformed_keypoints"], keypoint_scores=pose.keypoint_scores)
    grey = np.full((*results["heatmaps"].shape[1:], 3), 30, np.uint8)
    panels = [
        panel(draw_pose(image, pose, skeleton, style=PoseStyle(boxes=True)), "image space", "original pixels"),
        panel(draw_pose(results["img"], in_input, skeleton), "input space", "192 x 256 pixels"),
        panel(draw_heatmaps(grey, results["heatmaps"], alpha=1.0), "output space", "48 x 64 cells, maximum of 17 maps"),
    ]
    cv2.imwrite(
        str(Path(__file__).with_name("three_spaces.jpg")),
        np.concatenate(panels, axis=1),
        [cv2.IMWRITE_JPEG_QUALITY, 88],
    )


if __name__ == "__main__":
    main()
