"""Model files that find everybody in an image at once, such as RTMO's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from posekit.geometry import Affine, crop_affine, warp_image
from posekit.inference.detection import letterbox, nms
from posekit.inference.images import Boxes
from posekit.inference.networks.base import Batch, planes
from posekit.inference.networks.graph import Graph, check_input_size, run_in_batches, trial_outputs
from posekit.inference.predictor import Prepared
from posekit.inference.recipe import OneStageRecipe
from posekit.structures import InstanceData, PoseDataSample


class OneStageNetwork:
    """A model file that finds people with their boxes and keypoints.

    Args:
        graph: computes boxes with scores (B, N, 5) and keypoints with scores (B, N, K, 3), in input pixels.
        recipe: what is known of the file.

    Raises:
        ValueError: if file and recipe do not fit together.
    """

    def __init__(self, graph: Graph, recipe: OneStageRecipe) -> None:
        self.graph = graph
        self.recipe = recipe
        check_input_size(graph, recipe.input_size)
        shapes = [list(output.shape[1:]) for output in trial_outputs(graph, (3, *recipe.input_size[::-1]))]
        count = len(recipe.names)
        if len(shapes) != 2 or shapes[0][1:] != [5] or shapes[1][1:] != [count, 3]:
            raise ValueError(
                f"{graph.source}: has outputs {', '.join(map(str, shapes))} for each image; one that finds people "
                f"with {count} keypoints has [N, 5] and [N, {count}, 3]"
            )

    def whole_image(self, image: np.ndarray, boxes: Boxes | None) -> Iterator[Prepared]:
        """Yield the network's input (h, w, 3), which shows an image, and what is known of it."""
        recipe = self.recipe
        if recipe.at_corner:
            shown, factors = letterbox(image, recipe.input_size, recipe.border_value)
            offset = (np.array(factors) - 1) / 2  # the corner stays in place, not the first pixel's centre
            affine = Affine(np.column_stack([np.diag(factors), offset]), "image", "input")
        else:
            size, frame = np.array(recipe.input_size, np.float64), np.array(image.shape[1::-1], np.float64)
            affine = crop_affine(frame / 2, size / (size / frame).min(), 0.0, recipe.input_size)
            shown = warp_image(image, affine, recipe.input_size, border_value=recipe.border_value)
        yield shown, PoseDataSample(metainfo=dict(affine=affine, ori_shape=image.shape[:2]))

    def run(self, batch: Batch) -> list[PoseDataSample]:
        """Return the samples with the people that each image shows, best first.

        Raises:
            ValueError: if the flip test is asked for.
        """
        if batch.flip_test:
            raise ValueError(f"{self.graph.source}: cannot average over mirror images; leave the flip test out")
        dets, keypoints = self.compute(self.inputs(batch))
        for sample, own_dets, own_keypoints in zip(batch.samples, dets, keypoints, strict=True):
            sample.pred_instances = self.people(own_dets, own_keypoints, sample.get("affine").inverse())
        return batch.samples

    def inputs(self, batch: Batch) -> np.ndarray:
        """Return a batch's images (B, 3, h, w) as the file wants them."""
        return planes(batch.inputs, np.float32, self.recipe)

    def compute(self, images: np.ndarray) -> list[np.ndarray]:
        """Return boxes (B, N, 5) and keypoints (B, N, K, 3) of images (B, 3, h, w)."""
        return run_in_batches(self.graph, images)

    def people(self, dets: np.ndarray, keypoints: np.ndarray, back: Affine) -> InstanceData:
        """Return the distinct people among boxes (N, 5) and keypoints (N, K, 3), in image space."""
        rows = np.flatnonzero(dets[:, 4] > self.recipe.score_thr)
        rows = rows[nms(dets[rows, :4], dets[rows, 4], self.recipe.iou_threshold)]
        index = list(self.recipe.kept_keypoints) or slice(None)
        dets, keypoints = dets[rows], keypoints[rows][:, index]
        return InstanceData(
            bboxes=back.points(dets[:, :4].reshape(-1, 2, 2)).reshape(-1, 4),
            bbox_scores=dets[:, 4],
            keypoints=back.points(keypoints[..., :2]),
            keypoint_scores=keypoints[..., 2],
        )
