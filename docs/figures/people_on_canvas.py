"""Draw what the embedded default predicts for a photograph on a neutral canvas of its size.

python docs/figures/people_on_canvas.py IMAGE      # writes people_on_canvas.png beside this file
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from posekit import Pose
from posekit.visualization.draw import draw_pose

CANVAS = (245, 242, 238)
SIDE = 720
"""Longer side of the drawing in pixels."""


def main(path: str) -> None:
    result = Pose()(path)
    assert result.image_size_wh is not None
    scale = SIDE / max(result.image_size_wh)
    width, height = (round(side * scale) for side in result.image_size_wh)
    instances = result.instances()
    instances.keypoints = instances.keypoints * scale
    instances.bboxes = instances.bboxes * scale
    drawn = draw_pose(np.full((height, width, 3), CANVAS, np.uint8), instances, result.skeleton)
    cv2.imwrite(str(Path(__file__).with_name("people_on_canvas.png")), drawn, [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main(sys.argv[1])
