"""Draw a model's poses of annotated photographs on neutral paper: the photographs themselves stay out.

python tools/draw_predictions.py MODEL.onnx ANNOTATIONS.json IMAGES/ OUT.png [--count 12]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from posekit.apis import PoseModel
from posekit.reports.gallery import blank, gallery
from posekit.structures import InstanceData
from posekit.visualization.draw import PoseStyle, draw_pose

PREDICTED = PoseStyle(thr=0.0)
LABELLED = PoseStyle(thr=0.5, alpha=0.25, outline=False)


def draw_one(model: PoseModel, image: np.ndarray, annotation: dict) -> np.ndarray:
    """Return the predicted pose over the faint labelled one, cut to the surroundings of the box."""
    x, y, w, h = annotation["bbox"]
    found = model.predict(image, [[x, y, x + w, y + h]])
    labels = np.array(annotation["keypoints"], np.float32).reshape(1, -1, 3)
    labelled = InstanceData(keypoints=labels[..., :2], keypoint_scores=(labels[..., 2] > 0).astype(np.float32))
    paper = blank((image.shape[1], image.shape[0]))
    drawn = draw_pose(paper, labelled, model.metainfo, style=LABELLED)
    drawn = draw_pose(drawn, found, model.metainfo, style=PREDICTED)
    left, top = max(int(x - 0.2 * w), 0), max(int(y - 0.2 * h), 0)
    return drawn[top : int(y + 1.2 * h) + 1, left : int(x + 1.2 * w) + 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=12)
    given = parser.parse_args()
    content = json.loads(given.annotations.read_text(encoding="utf-8"))
    files = {image["id"]: image["file_name"] for image in content["images"]}
    chosen = content["annotations"][:: max(len(content["annotations"]) // given.count, 1)][: given.count]
    model = PoseModel(given.model)
    cells = [draw_one(model, cv2.imread(str(given.images / files[one["image_id"]])), one) for one in chosen]
    cv2.imwrite(str(given.out), gallery(cells, columns=4))


if __name__ == "__main__":
    main()
