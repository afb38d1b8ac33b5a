"""A model that needs no network, and the command that predicts with it."""

from __future__ import annotations

import numpy as np
import pytest

from posekit.cli import main as cli
from posekit.inference.images import checked_boxes
from posekit.structures.instance_data import InstanceData
from posekit.structures.pose_data_sample import PoseDataSample


class Corners:
    """Finds two corners of every box."""

    def __call__(self, image, boxes):
        for box in checked_boxes(boxes, image.shape[:2]):
            yield box, PoseDataSample(gt_instances=InstanceData(bboxes=box[None]))

    def run(self, batch):
        for box, sample in zip(batch.inputs, batch.samples, strict=True):
            sample.pred_instances = InstanceData(
                keypoints=box.reshape(1, 2, 2), keypoint_scores=np.full((1, 2), 0.5), bboxes=box[None]
            )
        return batch.samples


BOX_SET = dict(dataset_name="box", keypoint_id2name={0: "low", 1: "high"}, num_keypoints=2, skeleton_links=[[0, 1]])


def call(*arguments) -> int:
    with pytest.raises(SystemExit) as done:
        cli.main(["predict", *map(str, arguments)])
    return int(done.value.code or 0)
