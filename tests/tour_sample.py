"""The data sample that the tour of MMPose 1.x makes."""

from __future__ import annotations

import numpy as np
import torch

from posekit.structures import InstanceData, PixelData, PoseDataSample


def get_pose_data_sample() -> PoseDataSample:
    """The tour's block."""
    pose_meta = dict(img_shape=(600, 900), crop_size=(256, 192), heatmap_size=(64, 48))
    gt_instances = InstanceData()
    gt_instances.bboxes = np.random.rand(1, 4)
    gt_instances.keypoints = np.random.rand(1, 17, 2)
    gt_instance_labels = InstanceData()
    gt_instance_labels.keypoint_labels = torch.rand(1, 17, 2)
    gt_instance_labels.keypoint_weights = torch.rand(1, 17)
    pred_instances = InstanceData()
    pred_instances.keypoints = np.random.rand(1, 17, 2)
    pred_instances.keypoint_scores = np.random.rand(1, 17)
    gt_fields = PixelData()
    gt_fields.heatmaps = torch.rand(17, 64, 48)
    pred_fields = PixelData()
    pred_fields.heatmaps = torch.rand(17, 64, 48)
    return PoseDataSample(
        gt_instances=gt_instances,
        pred_instances=pred_instances,
        gt_fields=gt_fields,
        pred_fields=pred_fields,
        metainfo=pose_meta,
    )
