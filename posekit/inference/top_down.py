"""One instance in each box: the crop, as a recipe tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from posekit.geometry import Affine, crop_affine, warp_image
from posekit.inference.images import Boxes, checked_boxes
from posekit.inference.networks.base import Network
from posekit.inference.predictor import Predictor, Prepare, Prepared
from posekit.inference.recipe import Recipe
from posekit.structures import InstanceData, PoseDataSample

BATCH_SIZE = 32


class TopDownPredictor(Predictor):
    """Finds the keypoints of the one instance in each box.

    Args:
        prepare: function that makes an input of each box.
        network: network that finds the keypoints.
        options: ``metainfo``, and optionally ``batch_size`` and ``read``, as for Predictor.
    """

    def __init__(self, prepare: Prepare, network: Network, **options: Any) -> None:
        super().__init__(prepare, network, **{"batch_size": BATCH_SIZE, **options})

    @classmethod
    def of_recipe(cls, recipe: Recipe, network: Network, **options: Any) -> TopDownPredictor:
        """Return a predictor that cuts out boxes as a recipe tells."""
        return cls(Crops(recipe), network, **{"metainfo": recipe.metainfo(), **options})


class Crops:
    """Cuts boxes out of images at the size of the network's input.

    Args:
        recipe: padding, size, rule of alignment and border of the crops.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def __call__(self, image: np.ndarray, boxes: Boxes | None) -> Iterator[Prepared]:
        """Yield crops (h, w, 3) and what is known of them.

        Raises:
            ValueError: if the boxes have another form than (N, 4), no area, or lie outside of the image.
        """
        recipe = self.recipe
        checked = checked_boxes(boxes, image.shape[:2]).astype(np.float32)
        centers, scales = self.regions(checked)
        maps = crop_affine(centers, scales, np.zeros(len(checked)), recipe.input_size, use_udp=recipe.use_udp)
        facts = dict(
            img_shape=image.shape[:2], ori_shape=image.shape[:2], input_size=recipe.input_size,
            flip_indices=list(recipe.flip_indices), dataset_name=recipe.dataset_name,
        )  # fmt: skip
        for row, matrix in enumerate(maps.matrix):
            affine = Affine(matrix, maps.source, maps.target)
            crop = warp_image(image, affine, recipe.input_size, border_value=recipe.border_value)
            known = dict(id=row, affine=affine, input_center=centers[row], input_scale=scales[row])
            box = InstanceData(
                bboxes=checked[row : row + 1], bbox_scores=np.ones(1, np.float32), bbox_scales=scales[row : row + 1]
            )
            yield crop, PoseDataSample(metainfo={**facts, **known}, gt_instances=box)

    def regions(self, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return centres (N, 2) and scales (N, 2) of the crops, the scales with the input's aspect ratio.

        All is float32, as in the transforms that training uses: the last digits decide about grey levels.
        """
        low, high = boxes[:, :2], boxes[:, 2:]
        size = ((high - low) * self.recipe.padding).astype(np.float64)
        aspect = self.recipe.input_size[0] / self.recipe.input_size[1]
        widths, heights = np.maximum(size[:, 0], size[:, 1] * aspect), np.maximum(size[:, 1], size[:, 0] / aspect)
        return (low + high) * 0.5, np.stack([widths, heights], axis=1).astype(np.float32)
