"""Data samples drawn on their images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from posekit.array import to_numpy
from posekit.registry import VISUALIZERS
from posekit.structures.instance_data import InstanceData
from posekit.visualization.draw import PoseStyle, draw_heatmaps, draw_pose, keypoints_and_scores
from posekit.visualization.visualizer import BaseVisualizer, DrawOptions, color_of

Colors = str | Sequence[int] | Sequence[Sequence[int]]
OPENPOSE_SETS = {"coco": "coco_openpose", "coco_wholebody": "coco_wholebody_openpose"}
SHOULDERS = ("left_shoulder", "right_shoulder")


@VISUALIZERS.register_module()
class PoseLocalVisualizer(BaseVisualizer):
    """Draws labels and predictions on images.

    Colours and links are those of the keypoint set unless others are given.

    Args:
        name, vis_backends, save_dir: as for ``BaseVisualizer``.
        image: accepted for the sake of configs.
        bbox_color: color of the boxes, a name or R, G, B.
        kpt_color: color of all keypoints, or one for each.
        link_color: color of all links, or one for each.
        text_color: accepted for the sake of configs; labels are white on dark.
        skeleton: pairs of keypoint numbers to draw links between.
        line_width: thickness of the links in pixels; by default it fits the person's size.
        radius: radius of the keypoints in pixels; by default it fits the person's size.
        show_keypoint_weight: whether keypoints and links of lower scores are more transparent.
        backend: accepted for the sake of configs.
        alpha: opacity of everything drawn, 0 to 1.

    Raises:
        ValueError: if a colour is none, or a size or the opacity out of range.
    """

    def __init__(
        self,
        name: str = "visualizer",
        image: Any = None,
        vis_backends: Sequence[dict] | None = None,
        save_dir: str | None = None,
        bbox_color: str | Sequence[int] | None = "green",
        kpt_color: Colors | None = None,
        link_color: Colors | None = None,
        text_color: Any = None,
        skeleton: Sequence[Sequence[int]] | None = None,
        line_width: float | None = None,
        radius: float | None = None,
        show_keypoint_weight: bool = False,
        backend: str = "opencv",
        alpha: float = 0.9,
    ) -> None:
        super().__init__(name, vis_backends, save_dir)
        self.kpt_color, self.link_color, self.skeleton = kpt_color, link_color, skeleton
        box = color_of(f"{type(self).__name__}.bbox_color", bbox_color or "green")
        self.style = PoseStyle(
            alpha=alpha,
            radius=radius,
            thickness=line_width,
            weighted=show_keypoint_weight,
            box_color=(box[2], box[1], box[0]),
        )
        for label, color in (("kpt_color", kpt_color), ("link_color", link_color)):
            color_list(f"{type(self).__name__}.{label}", color, 1)

    def draw(self, image: np.ndarray | None, data_sample: Any, options: DrawOptions) -> np.ndarray:
        assert image is not None
        pixels = np.ascontiguousarray(image[..., ::-1])
        columns = []
        if options.draw_gt and "gt_instances" in data_sample:
            columns.append([self.draw_instances(pixels, data_sample.gt_instances, options)])
        if options.draw_pred and "pred_instances" in data_sample:
            columns.append([self.draw_instances(pixels, data_sample.pred_instances, options)])
            heatmaps = heatmaps_in_image(data_sample, image.shape[:2]) if options.draw_heatmap else None
            if heatmaps is not None:
                columns[-1].append(draw_heatmaps(pixels, heatmaps))
        rows = max(map(len, columns), default=0)
        filled = [column + [pixels] * (rows - len(column)) for column in columns]
        drawn = np.concatenate([np.concatenate(column) for column in filled], axis=1) if filled else pixels
        return np.ascontiguousarray(drawn[..., ::-1])

    def draw_instances(self, image: np.ndarray, instances: InstanceData, options: DrawOptions) -> np.ndarray:
        """Return an image, B, G, R, with instances drawn on it."""
        if "keypoints" not in instances:
            return image.copy()
        meta = self.metainfo_of(len(instances) and instances.keypoints.shape[1])
        if options.skeleton_style == "openpose":
            instances, meta = openpose_style(instances, meta, options.kpt_thr)
        elif options.skeleton_style != "mmpose":
            raise ValueError(f"skeleton_style: {options.skeleton_style!r} is neither 'mmpose' nor 'openpose'")
        changes = {"thr": options.kpt_thr, "boxes": options.draw_bbox, "indices": options.show_kpt_idx}
        return draw_pose(image, instances, meta, style=PoseStyle(**{**vars(self.style), **changes}))

    def metainfo_of(self, num_keypoints: int) -> dict[str, Any]:
        """Return the keypoint set, its colours and links replaced by the chosen ones."""
        meta = dict(self.dataset_meta)
        name = type(self).__name__
        if self.skeleton is not None:
            meta["skeleton_links"] = [list(link) for link in self.skeleton]
        if self.kpt_color is not None:
            meta["keypoint_colors"] = color_list(f"{name}.kpt_color", self.kpt_color, num_keypoints)
        if self.link_color is not None:
            count = len(meta.get("skeleton_links", ()))
            meta["skeleton_link_colors"] = color_list(f"{name}.link_color", self.link_color, count)
        return meta


def color_list(name: str, colors: Colors | None, count: int) -> list[tuple[int, int, int]]:
    """Return ``count`` colours if one holds for all, else the list as it is.

    Raises:
        ValueError: if one is no colour.
    """
    if colors is None:
        return []
    if isinstance(colors, str) or (len(colors) == 3 and not isinstance(colors[0], (str, Sequence, np.ndarray))):
        return [color_of(name, colors)] * count  # pyright: ignore[reportArgumentType]
    return [color_of(name, color) for color in colors]  # pyright: ignore[reportArgumentType]


def heatmaps_in_image(data_sample: Any, size_hw: tuple[int, ...]) -> np.ndarray | None:
    """Return the highest of a sample's predicted heatmaps (h, w) at each pixel of its image; None without any."""
    fields = data_sample.get("pred_fields")
    affine = data_sample.get("affine")
    if fields is None or "heatmaps" not in fields or affine is None:
        return None
    maps = to_numpy(fields.heatmaps).astype(np.float32)
    top = maps.reshape(-1, *maps.shape[-2:]).max(0)
    width, height = data_sample.metainfo["input_size"]
    matrix = np.diag([top.shape[1] / width, top.shape[0] / height]) @ affine.matrix
    return cv2.warpAffine(top, matrix, size_hw[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def openpose_style(
    instances: InstanceData, metainfo: dict[str, Any], thr: float
) -> tuple[InstanceData, dict[str, Any]]:
    """Return poses and keypoint set as OpenPose draws them: with a neck between the shoulders.

    Raises:
        ValueError: if there is no such skeleton for the keypoint set.
    """
    from posekit.keypoints.skeleton import Skeleton  # only who asks for this style needs another set

    dataset = metainfo.get("dataset_name")
    if dataset not in OPENPOSE_SETS:
        raise ValueError(
            f"skeleton_style 'openpose': there is none for '{dataset}'; it is for {', '.join(OPENPOSE_SETS)}"
        )
    target = Skeleton.load(OPENPOSE_SETS[dataset])
    keypoints, scores = keypoints_and_scores(instances, metainfo)
    index = metainfo["keypoint_name2id"]
    shoulders = [index[name] for name in SHOULDERS]
    both = np.min(scores[:, shoulders], axis=1, keepdims=True) > thr
    columns = [index[name] if name in index else len(index) for name in target.names]
    points = np.concatenate([keypoints, keypoints[:, shoulders].mean(1, keepdims=True)], axis=1)[:, columns]
    sure = np.concatenate([scores, both], axis=1)[:, columns]
    extra = {"bboxes": instances.bboxes} if "bboxes" in instances else {}
    return InstanceData(keypoints=points, keypoint_scores=sure, **extra), target.metainfo()
