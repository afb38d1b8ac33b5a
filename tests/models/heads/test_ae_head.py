"""Maps of several views of an image become maps of the image."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from head_cases import CASES, FLIP_INDICES, NUM_KEYPOINTS

from posekit.registry import MODELS
from posekit.structures import PoseBatch, PoseDataSample

SIZE_HW = (64, 48)


@pytest.mark.parametrize("tag_per_keypoint", [True, False])
def test_maps_are_resized_before_they_are_averaged(tag_per_keypoint: bool) -> None:
    """Rounding decides which of two equal neighbours is the maximum, and so who belongs together."""
    torch.manual_seed(0)
    case = CASES["AssociativeEmbeddingHead"]
    settings = {**case.config, "tag_per_keypoint": tag_per_keypoint, "decoder": case.codec}
    head = MODELS.build({"type": "AssociativeEmbeddingHead", **settings}).eval()
    views = [case.feats(1), case.feats(1)]
    batch = PoseBatch.from_samples([PoseDataSample(metainfo={"img_shape": SIZE_HW, "flip_indices": FLIP_INDICES})])

    def resized(maps: torch.Tensor) -> torch.Tensor:
        return F.interpolate(maps, SIZE_HW, mode="bilinear", align_corners=False)

    with torch.no_grad():
        heatmaps, tags = head.averaged(views, batch, {"flip_test": True, "restore_heatmap_size": True})
        (first, first_tags), (mirrored, mirrored_tags) = (head(view) for view in views)
    assert torch.equal(heatmaps, (resized(first) + resized(mirrored[:, FLIP_INDICES].flip(-1))) / 2)
    back = mirrored_tags[:, FLIP_INDICES] if tag_per_keypoint else mirrored_tags
    assert torch.equal(tags, torch.cat([resized(first_tags), resized(back.flip(-1))], 1))
    assert heatmaps.shape == (1, NUM_KEYPOINTS, *SIZE_HW)
