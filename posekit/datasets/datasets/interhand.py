"""InterHand2.6M: two hands, annotated in 3D and projected by each image's camera."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.datasets.annotation_file import number_row_problem
from posekit.datasets.base_coco import BaseCocoStyleDataset
from posekit.files import read_json
from posekit.registry import DATASETS
from posekit.structures.bbox import bbox_xywh2xyxy

RIGHT_ROOT, LEFT_ROOT = 20, 41
HAND_TYPES = {"right": (1, 0), "left": (0, 1), "interacting": (1, 1)}


@DATASETS.register_module()
class InterHand3DDataset(BaseCocoStyleDataset):
    """InterHand2.6M in 3D: 42 keypoints (Moon et al., ECCV 2020).

    Keypoints are (x, y) in pixels and the depth relative to the hand's wrist, in millimetres.

    Args:
        camera_param_file: JSON of each capture's cameras.
        joint_file: JSON of the joints in world coordinates.
        use_gt_root_depth: take boxes and depths from the annotations.
        rootnet_result_file: JSON of predicted boxes and root depths, for ``use_gt_root_depth=False``.
        kwargs: of ``BaseCocoStyleDataset``.
    """

    METAINFO = dict(from_file="configs/_base_/datasets/interhand3d.py")
    PROVIDES = ("keypoints_cam", "hand_type_valid", "rel_root_valid", "abs_depth", "focal", "principal_pt", "rotation")

    def __init__(
        self,
        ann_file: str = "",
        camera_param_file: str = "",
        joint_file: str = "",
        use_gt_root_depth: bool = True,
        rootnet_result_file: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not use_gt_root_depth and not rootnet_result_file:
            raise ValueError(f"{type(self).__name__}.rootnet_result_file: needed where use_gt_root_depth is False")
        self.camera_param_file = camera_param_file
        self.joint_file = joint_file
        self.rootnet_result_file = None if use_gt_root_depth else rootnet_result_file
        super().__init__(ann_file, **kwargs)

    def _load_annotations(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        self._cameras = read_json(self.join_root(self.camera_param_file), "camera file")
        self._joints = read_json(self.join_root(self.joint_file), "joint file")
        predicted = []
        if self.rootnet_result_file:
            predicted = read_json(self.join_root(self.rootnet_result_file), "root depth file")
        if not isinstance(predicted, list) or not all(
            isinstance(item, dict) and {"annot_id", "bbox", "abs_depth"} <= set(item) for item in predicted
        ):
            raise ValueError(f"{self.rootnet_result_file}: must be a list of dicts with annot_id, bbox and abs_depth")
        self._roots = {item["annot_id"]: item for item in predicted}
        loaded = super()._load_annotations()
        del self._cameras, self._joints, self._roots  # gigabytes that no sample needs any more
        return loaded

    def parse_data_info(self, raw_data_info: dict[str, Any]) -> dict[str, Any]:
        ann, image = raw_data_info["raw_ann_info"], raw_data_info["raw_img_info"]
        hands = self._hands(ann, image)
        joints = hands.pop("joints_camera")
        roots = joints[[RIGHT_ROOT, LEFT_ROOT], 2]
        depth = joints[:, 2] - np.repeat(roots, 21)
        valid = np.array(ann["joint_valid"], np.float32).ravel()
        hands.update(
            rotation=0,
            keypoints=np.concatenate([hands["keypoints"], depth[None, :, None]], axis=-1).astype(np.float32),
            keypoints_cam=joints[None],
            rel_root_depth=float(roots[1] - roots[0]),
            rel_root_valid=float(valid[RIGHT_ROOT] * valid[LEFT_ROOT]),
            abs_depth=self._roots[ann["id"]]["abs_depth"] if self.rootnet_result_file else roots.tolist(),
        )
        return hands

    def _hands(self, ann: dict[str, Any], image: dict[str, Any]) -> dict[str, Any]:
        """Return what both views of the data share; joints_camera (42, 3) are in millimetres."""
        capture, name = str(image["capture"]), image["camera"]
        camera = {key: np.array(values[name], np.float32) for key, values in self._cameras[capture].items()}
        world = np.array(self._joints[capture][str(image["frame_idx"])]["world_coord"], np.float32)
        joints = (world - camera["campos"]) @ camera["camrot"].T
        pixels = joints[:, :2] / (joints[:, 2:] + 1e-8) * camera["focal"] + camera["princpt"]
        joint_valid = np.array(ann["joint_valid"], np.float64).ravel().tolist()
        box = self._roots[ann["id"]]["bbox"] if self.rootnet_result_file else ann["bbox"]
        if problem := number_row_problem(box, 4):
            raise ValueError(f"bbox: {problem}; give [x, y, width, height] in pixels")
        if problem := number_row_problem(joint_valid, self._metainfo["num_keypoints"]):
            raise ValueError(f"joint_valid: {problem}")
        if ann["hand_type"] not in HAND_TYPES:
            raise ValueError(f"hand_type '{ann['hand_type']}' must be one of {', '.join(HAND_TYPES)}")
        valid = np.array(joint_valid, np.float32)
        valid[:RIGHT_ROOT] *= valid[RIGHT_ROOT]
        valid[RIGHT_ROOT + 1 :] *= valid[LEFT_ROOT]
        return dict(
            img_id=ann["image_id"],
            img_path=image["img_path"],
            id=ann["id"],
            joints_camera=joints,
            keypoints=pixels[None].astype(np.float32),
            keypoints_visible=np.minimum(1, valid)[None],
            hand_type=np.array([HAND_TYPES[ann["hand_type"]]], np.float32),
            hand_type_valid=np.array([ann["hand_type_valid"]]),
            focal=camera["focal"],
            principal_pt=camera["princpt"],
            dataset=self._metainfo["dataset_name"],
            bbox=bbox_xywh2xyxy(np.array([box], np.float32)),
            bbox_score=np.ones(1, np.float32),
            num_keypoints=self._metainfo["num_keypoints"],
            iscrowd=ann.get("iscrowd", False),
            raw_ann_info=ann,
        )


@DATASETS.register_module()
class InterHand2DDoubleDataset(InterHand3DDataset):
    """InterHand2.6M in 2D, both hands as one instance: 42 keypoints (Moon et al., ECCV 2020)."""

    def parse_data_info(self, raw_data_info: dict[str, Any]) -> dict[str, Any]:
        hands = self._hands(raw_data_info["raw_ann_info"], raw_data_info["raw_img_info"])
        del hands["joints_camera"]
        return hands
