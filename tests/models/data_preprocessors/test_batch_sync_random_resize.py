"""Batches of changing size."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from posekit.models.data_preprocessors.batch_sync_random_resize import BatchSyncRandomResize, resized
from posekit.structures import InstanceData, MultilevelPixelData, PixelData, PoseBatch, PoseDataSample


def sample() -> PoseDataSample:
    labels: dict[str, Any] = {
        "bboxes": torch.tensor([[4.0, 8, 16, 24]]),
        "keypoints": torch.tensor([[[4.0, 8.0]]]),
        "areas": torch.tensor([100.0]),
        "labels": torch.tensor([0]),
    }
    mask = torch.ones(32, 64, dtype=torch.bool)
    info = {"img_shape": (30, 60), "pad_shape": (32, 64)}
    return PoseDataSample(
        gt_instance_labels=InstanceData(**labels), gt_fields=PixelData(heatmap_mask=mask), metainfo=info
    )


@pytest.mark.parametrize("as_batch", [False, True])
def test_labels_follow_the_image(as_batch: bool) -> None:
    resize = BatchSyncRandomResize((64, 64), interval=1)
    given = sample()
    samples = PoseBatch.from_samples([given]) if as_batch else [given]
    image = torch.rand(1, 3, 32, 64)
    same, _ = resize(image, samples)
    assert same is image  # the first batch keeps its size
    inputs, resized = resize(image, samples)
    assert inputs.shape == (1, 3, 64, 128)
    assert isinstance(resized, PoseBatch) == as_batch
    labels = resized[0].gt_instance_labels
    assert labels.bboxes.tolist() == [[8, 16, 32, 48]]
    assert labels.keypoints.tolist() == [[[8, 16]]]
    assert labels.areas.tolist() == [400]
    assert resized[0].gt_fields.heatmap_mask.shape == (1, 64, 128)
    assert resized[0].metainfo == {"img_shape": (60, 120), "pad_shape": (64, 128), "batch_input_shape": (64, 128)}
    assert given.gt_instance_labels.bboxes.tolist() == [[4, 8, 16, 24]]


def test_all_maps_follow_the_image() -> None:
    fields = PixelData(heatmaps=torch.rand(17, 8, 16), weights=torch.ones(8, 16))
    levels = MultilevelPixelData(heatmaps=[torch.rand(17, 8, 16), torch.rand(17, 16, 32)])
    one, other = (resized(PoseDataSample(gt_fields=each), (64, 128), (2.0, 2.0)).gt_fields for each in (fields, levels))
    assert (one.heatmaps.shape, one.weights.shape) == ((17, 16, 32), (1, 16, 32))
    assert one.weights.dtype == torch.float32
    assert [level.shape for level in other.heatmaps] == [(17, 16, 32), (17, 32, 64)]


def test_sizes_change_at_the_interval_within_the_range() -> None:
    torch.manual_seed(0)
    resize = BatchSyncRandomResize((32, 128), interval=3)
    sizes = [resize(torch.zeros(1, 1, 64, 64), [])[0].shape[2:] for _ in range(60)]
    assert sizes[:3] == [(64, 64)] * 3
    assert all(sizes[i] == sizes[i + 1] == sizes[i + 2] for i in range(0, 60, 3))
    assert {height for height, _ in sizes} == {32, 64, 96, 128}


def test_a_range_without_a_size_is_refused() -> None:
    with pytest.raises(ValueError, match="size_divisor"):
        BatchSyncRandomResize((128, 64))
