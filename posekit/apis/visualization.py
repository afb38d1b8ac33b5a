"""Keypoints drawn on an image in one call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.media.image_file import check_array, read_image
from posekit.structures.instance_data import InstanceData

if TYPE_CHECKING:
    from posekit.visualization.local_visualizer import PoseLocalVisualizer


def visualize(
    img: str | os.PathLike[str] | np.ndarray,
    keypoints: np.ndarray,
    keypoint_score: np.ndarray | None = None,
    metainfo: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    visualizer: PoseLocalVisualizer | None = None,
    show_kpt_idx: bool = False,
    skeleton_style: str = "mmpose",
    show: bool = False,
    kpt_thr: float = 0.3,
) -> np.ndarray:
    """Draw keypoints on an image.

    Args:
        img: path, or the pixels (H, W, 3), BGR, uint8.
        keypoints: (N, K, 2) in image pixels.
        keypoint_score: (N, K); all 1 by default.
        metainfo: keypoint set: its name or file, or a dictionary as ``dataset.metainfo``; COCO by default.
        visualizer: draws with other sizes and colours.
        show_kpt_idx: whether each keypoint's number is written beside it.
        skeleton_style: ``mmpose`` for the set's own skeleton, ``openpose`` for OpenPose's.
        show: whether the drawing is shown in a window until a key is pressed.
        kpt_thr: keypoints with a lower score are left out.

    Returns:
        The drawing (H, W, 3), uint8, R, G, B.

    Raises:
        ValueError: if the keypoints do not fit the set, or windows cannot be shown here.
    """
    from posekit.apis.inferencers.outputs import Window
    from posekit.visualization.local_visualizer import PoseLocalVisualizer
    from posekit.visualization.visualizer import DrawOptions

    window = Window() if show else None
    image = check_array(img) if isinstance(img, np.ndarray) else read_image(img)
    points = np.asarray(keypoints, np.float64)
    points = points[None] if points.ndim == 2 else points
    scores = np.ones(points.shape[:2]) if keypoint_score is None else np.reshape(keypoint_score, points.shape[:2])
    drawer = visualizer or PoseLocalVisualizer()
    drawer.set_dataset_meta(keypoint_set(metainfo))
    options = DrawOptions(show_kpt_idx=show_kpt_idx, skeleton_style=skeleton_style, kpt_thr=kpt_thr)
    drawing = drawer.draw_instances(image, InstanceData(keypoints=points, keypoint_scores=scores), options)
    if window is not None:
        window.show("visualization", drawing, 0)
    return np.ascontiguousarray(drawing[..., ::-1])


def keypoint_set(metainfo: str | os.PathLike[str] | Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a keypoint set by its name, its file or a dictionary; COCO's by default."""
    from posekit.keypoints.skeleton import Skeleton, load_metainfo

    if isinstance(metainfo, Mapping):
        return dict(metainfo) if "keypoint_id2name" in metainfo else load_metainfo(dict(metainfo))
    return Skeleton.load(os.fspath(metainfo or "coco")).metainfo()
