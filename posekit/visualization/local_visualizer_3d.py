"""Poses in space, drawn beside their image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from posekit.array import to_numpy
from posekit.registry import VISUALIZERS
from posekit.visualization.local_visualizer import PoseLocalVisualizer
from posekit.visualization.space import SIDE_PX, View, draw_view
from posekit.visualization.visualizer import DrawOptions

TRUE_POSES = ("lifting_target", "keypoints_gt")
"""Where labels keep poses in space."""

MOST = 8
"""Poses in one image."""


@dataclass(frozen=True)
class DrawOptions3d(DrawOptions):
    """What to draw of a data sample in space, besides what ``DrawOptions`` says.

    Attributes:
        draw_2d: whether to put the image beside the poses.
        up: which way is up, ``-y`` as in a camera's space or ``z`` as in a room's.
        axis_azimuth: direction to look from, in degrees; -90 is that of the camera.
        axis_elev: height to look from, in degrees.
        axis_limit: side of the cube that is shown, in the poses' unit; by default it fits them.
        axis_dist, dataset_2d, dataset_3d, convert_keypoint: accepted for the sake of callers.
        num_instances: number of poses to draw; -1 for all, 8 at most.
    """

    draw_2d: bool = True
    up: str = "-y"
    axis_azimuth: float = -70.0
    axis_elev: float = 15.0
    axis_limit: float | None = None
    axis_dist: float = 10.0
    num_instances: int = -1
    dataset_2d: str = "coco"
    dataset_3d: str = "h36m"
    convert_keypoint: bool = True


@VISUALIZERS.register_module()
class Pose3dLocalVisualizer(PoseLocalVisualizer):
    """Draws poses in space, predicted and true ones, beside the image with the poses that were lifted.

    Args:
        det_kpt_color, det_dataset_skeleton, det_dataset_link_color: colours and links of the poses in the image,
            where they are of another keypoint set.
        drawing: arguments of ``PoseLocalVisualizer``.

    Attributes:
        flat_metainfo: keypoint set of the poses in the image; None where it is that of the poses in space.
    """

    option_class = DrawOptions3d

    def __init__(
        self,
        det_kpt_color: Any = None,
        det_dataset_skeleton: Sequence[Sequence[int]] | None = None,
        det_dataset_link_color: Any = None,
        **drawing: Any,
    ) -> None:
        super().__init__(**drawing)
        colors_2d = {"kpt_color": det_kpt_color, "link_color": det_dataset_link_color}
        self.flat = PoseLocalVisualizer(**{**drawing, **colors_2d, "skeleton": det_dataset_skeleton})
        self.det_data_sample: Any = None
        self.flat_metainfo: Mapping[str, Any] | None = None

    def add_datasample(
        self,
        name: str,
        image: np.ndarray | None,
        data_sample: Any,
        det_data_sample: Any = None,
        *,
        out_file: str | Path | None = None,
        step: int = 0,
        **options: Any,
    ) -> np.ndarray:
        """Draw a data sample as ``PoseLocalVisualizer`` does.

        Args:
            det_data_sample: sample whose ``pred_instances`` are the poses in the image.
        """
        self.det_data_sample = det_data_sample
        return super().add_datasample(name, image, data_sample, out_file=out_file, step=step, **options)

    def draw(self, image: np.ndarray | None, data_sample: Any, options: DrawOptions3d) -> np.ndarray:
        poses = self.poses_of(data_sample, options)
        parts = [self.draw_in_space(poses, options)] if poses else []
        if options.draw_2d and image is not None:
            parts.insert(0, self.draw_in_image(image, data_sample, options))
        if not parts:
            return np.full((SIDE_PX, SIDE_PX, 3), 255, np.uint8)
        height = max(part.shape[0] for part in parts)
        return np.concatenate([padded(part, height) for part in parts], axis=1)

    def draw_in_image(self, image: np.ndarray, data_sample: Any, options: DrawOptions3d) -> np.ndarray:
        """Return the image with the poses that were lifted, where they are known."""
        detected = self.det_data_sample.get("pred_instances") if self.det_data_sample is not None else None
        if detected is None:
            return image
        names = DrawOptions.__dataclass_fields__
        metainfo = self.dataset_meta if self.flat.skeleton is None else {}
        self.flat.set_dataset_meta(metainfo if self.flat_metainfo is None else self.flat_metainfo)
        pixels = np.ascontiguousarray(image[..., ::-1])
        settings = DrawOptions(**{name: getattr(options, name) for name in names})
        return np.ascontiguousarray(self.flat.draw_instances(pixels, detected, settings)[..., ::-1])

    def poses_of(self, data_sample: Any, options: DrawOptions3d) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Return title, keypoints (K, 3) and scores (K,) of each pose to draw, predictions first."""
        most = MOST if options.num_instances < 0 else options.num_instances
        chosen = []
        predicted, labels = data_sample.get("pred_instances"), data_sample.get("gt_instances")
        if options.draw_pred and predicted is not None and "keypoints" in predicted:
            chosen.append(("prediction", predicted.keypoints, predicted.get("keypoint_scores")))
        true = next((name for name in TRUE_POSES if labels is not None and name in labels), None)
        if options.draw_gt and labels is not None and true is not None:
            chosen.append(("label", labels[true], labels.get(f"{true}_visible")))
        poses = []
        for title, keypoints, scores in chosen:
            points = to_numpy(keypoints).astype(float)
            points = points.reshape(-1, *points.shape[-2:])
            if points.shape[-1] != 3:
                raise ValueError(f"Pose3dLocalVisualizer: keypoints are {points.shape}; in space they are (N, K, 3)")
            sure = np.ones(points.shape[:2]) if scores is None else to_numpy(scores).reshape(points.shape[:2])
            poses += [(title, *pair) for pair in zip(points[:most], sure[:most], strict=True)]
        return poses

    def draw_in_space(self, poses: Sequence[tuple[str, np.ndarray, np.ndarray]], options: DrawOptions3d) -> np.ndarray:
        """Return an image, R, G, B, with one view for each pose."""
        turned = [upright(keypoints, options.up) for _, keypoints, _ in poses]
        side = options.axis_limit or max(map(extent, turned)) or 1.0
        view = View(options.axis_azimuth, options.axis_elev, side)
        parts = []
        for (title, _, scores), points in zip(poses, turned, strict=True):
            shown = (scores >= options.kpt_thr) & np.isfinite(points).all(1)
            parts.append(draw_view(points, shown, self.metainfo_of(len(points)), view, title))
        return np.ascontiguousarray(np.concatenate(parts, axis=1)[..., ::-1])


def draw_poses_in_space(
    keypoints: np.ndarray,
    scores: np.ndarray,
    metainfo: Mapping[str, Any],
    beside: np.ndarray | None = None,
    *,
    thr: float = 0.3,
    turn: float = 20.0,
    side: float | None = None,
) -> np.ndarray:
    """Return an image, B, G, R, of poses in the camera's axes (x right, y down, z away).

    Args:
        keypoints: (N, K, 3), in any unit.
        scores: (N, K).
        metainfo: the keypoint set, as ``dataset.metainfo``.
        beside: image, B, G, R, to put on its left.
        thr: keypoints with a lower score are left out.
        turn: direction to look from, in degrees from the camera's.
        side: side of the cube that is shown, in the poses' unit; by default it fits them.
    """
    visualizer = Pose3dLocalVisualizer()
    visualizer.set_dataset_meta(metainfo)
    poses = [(f"person {row + 1}", *pair) for row, pair in enumerate(zip(keypoints, scores, strict=True))][:MOST]
    options = DrawOptions3d(kpt_thr=thr, axis_azimuth=turn - 90, axis_limit=side)
    parts = [] if beside is None else [beside]
    if poses:
        parts.append(np.ascontiguousarray(visualizer.draw_in_space(poses, options)[..., ::-1]))
    if not parts:
        return np.full((SIDE_PX, SIDE_PX, 3), 255, np.uint8)
    height = max(part.shape[0] for part in parts)
    return np.concatenate([padded(part, height) for part in parts], axis=1)


def upright(points: np.ndarray, up: str) -> np.ndarray:
    """Turn points (K, 3) so that z points up.

    Raises:
        ValueError: if ``up`` is neither ``-y`` nor ``z``.
    """
    if up not in ("-y", "z"):
        raise ValueError(f"up: {up!r} is neither '-y' nor 'z'")
    return points if up == "z" else points[:, [0, 2, 1]] * [1, 1, -1]


def extent(points: np.ndarray) -> float:
    """Return the side of the smallest cube around the finite points (K, 3)."""
    finite = points[np.isfinite(points).all(1)]
    return float(np.ptp(finite, axis=0).max()) * 1.05 if len(finite) else 0.0


def padded(image: np.ndarray, height: int) -> np.ndarray:
    """Return an image with white above and below it, so that it is ``height`` high."""
    above = (height - image.shape[0]) // 2
    below = height - image.shape[0] - above
    return cv2.copyMakeBorder(image, above, below, 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
