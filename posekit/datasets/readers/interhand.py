"""InterHand2.6M: two hands, annotated in 3D and projected by each image's camera."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from posekit.datasets.readers.annotation_file import Problems, number_row_problem
from posekit.datasets.readers.coco import AnnotationFile, CocoFormat, CocoReader, JsonDict, ParseAnnotation
from posekit.datasets.readers.instances import InstanceRows, is_usable_row
from posekit.files import read_json
from posekit.structures.bbox import bbox_xywh2xyxy

RIGHT_ROOT, LEFT_ROOT, NUM_JOINTS = 20, 41, 42
"""The wrists among the joints of both hands; those of the right hand come first."""

HAND_TYPES = {"right": (1, 0), "left": (0, 1), "interacting": (1, 1)}


class InterHandReader(CocoReader):
    """Reads pairs of hands one by one: (x, y) in pixels and the depth relative to the hand's wrist, in millimetres.

    Args:
        path: the annotation file.
        folder: folder of the images.
        form: use that the dataset makes of the COCO format.
        camera_file: JSON of each capture's cameras.
        joint_file: JSON of the joints in world coordinates.
        dataset_name: name that instances carry as ``dataset``.
        root_file: JSON of predicted boxes and root depths, to use in place of the annotated ones.
        interval: number that divides the ids of the images to read.
    """

    def __init__(
        self,
        path: str,
        folder: str,
        form: CocoFormat,
        *,
        camera_file: str,
        joint_file: str,
        dataset_name: str,
        root_file: str | None = None,
        interval: int = 1,
    ) -> None:
        super().__init__(path, folder, form, interval=interval)
        self.camera_file = camera_file
        self.joint_file = joint_file
        self.dataset_name = dataset_name
        self.root_file = root_file

    def read(
        self, count_keypoints: Callable[[AnnotationFile], int], problems: Problems, *, packed: bool = False
    ) -> InstanceRows:
        file = self.read_file(problems)
        count = count_keypoints(file)
        rows = self.rows_of(file, lambda annotation, image: self.parse(annotation, image, count), problems)
        return InstanceRows(*rows, is_usable_row)

    def rows_of(
        self, file: AnnotationFile, parse: ParseAnnotation, problems: Problems
    ) -> tuple[list[JsonDict], list[JsonDict]]:
        self._cameras = read_json(self.camera_file, "camera file")
        self._joints = read_json(self.joint_file, "joint file")
        self._roots = self._predicted_roots()
        rows = super().rows_of(file, parse, problems)
        del self._cameras, self._joints, self._roots  # gigabytes that no sample needs any more
        return rows

    def _predicted_roots(self) -> dict[Any, dict[str, Any]]:
        predicted = read_json(self.root_file, "root depth file") if self.root_file else []
        if not isinstance(predicted, list) or not all(
            isinstance(item, dict) and {"annot_id", "bbox", "abs_depth"} <= set(item) for item in predicted
        ):
            raise ValueError(f"{self.root_file}: must be a list of dicts with annot_id, bbox and abs_depth")
        return {item["annot_id"]: item for item in predicted}

    def parse(self, annotation: dict[str, Any], image: dict[str, Any], num_keypoints: int) -> dict[str, Any]:
        """Return both hands of an annotation as one instance with depths."""
        joints = self._joints_in_camera(image)
        roots = joints[[RIGHT_ROOT, LEFT_ROOT], 2]
        depth = joints[:, 2] - np.repeat(roots, NUM_JOINTS // 2)
        hands = self._hands(annotation, image, joints)
        valid = np.array(annotation["joint_valid"], np.float32).ravel()
        hands.update(
            rotation=0,
            keypoints=np.concatenate([hands["keypoints"], depth[None, :, None]], axis=-1).astype(np.float32),
            keypoints_cam=joints[None],
            rel_root_depth=float(roots[1] - roots[0]),
            rel_root_valid=float(valid[RIGHT_ROOT] * valid[LEFT_ROOT]),
            abs_depth=self._roots[annotation["id"]]["abs_depth"] if self.root_file else roots.tolist(),
        )
        return hands

    def _camera(self, image: dict[str, Any]) -> dict[str, np.ndarray]:
        parameters = self._cameras[str(image["capture"])]
        return {key: np.array(values[image["camera"]], np.float32) for key, values in parameters.items()}

    def _joints_in_camera(self, image: dict[str, Any]) -> np.ndarray:
        """Return the joints (42, 3) of an image's frame in its camera's space, in millimetres."""
        camera, capture = self._camera(image), self._joints[str(image["capture"])]
        world = np.array(capture[str(image["frame_idx"])]["world_coord"], np.float32)
        return (world - camera["campos"]) @ camera["camrot"].T

    def _hands(self, annotation: dict[str, Any], image: dict[str, Any], joints: np.ndarray) -> dict[str, Any]:
        """Return both hands of an annotation as one instance without depths."""
        camera = self._camera(image)
        pixels = joints[:, :2] / (joints[:, 2:] + 1e-8) * camera["focal"] + camera["princpt"]
        joint_valid = np.array(annotation["joint_valid"], np.float64).ravel().tolist()
        box = self._roots[annotation["id"]]["bbox"] if self.root_file else annotation["bbox"]
        if problem := number_row_problem(box, 4):
            raise ValueError(f"bbox: {problem}; give [x, y, width, height] in pixels")
        if problem := number_row_problem(joint_valid, NUM_JOINTS):
            raise ValueError(f"joint_valid: {problem}")
        if annotation["hand_type"] not in HAND_TYPES:
            raise ValueError(f"hand_type '{annotation['hand_type']}' must be one of {', '.join(HAND_TYPES)}")
        valid = np.array(joint_valid, np.float32)
        valid[:RIGHT_ROOT] *= valid[RIGHT_ROOT]
        valid[RIGHT_ROOT + 1 :] *= valid[LEFT_ROOT]
        return dict(
            img_id=annotation["image_id"],
            img_path=image["img_path"],
            id=annotation["id"],
            keypoints=pixels[None].astype(np.float32),
            keypoints_visible=np.minimum(1, valid)[None],
            hand_type=np.array([HAND_TYPES[annotation["hand_type"]]], np.float32),
            hand_type_valid=np.array([annotation["hand_type_valid"]]),
            focal=camera["focal"],
            principal_pt=camera["princpt"],
            dataset=self.dataset_name,
            bbox=bbox_xywh2xyxy(np.array([box], np.float32)),
            bbox_score=np.ones(1, np.float32),
            num_keypoints=NUM_JOINTS,
            iscrowd=annotation.get("iscrowd", False),
            raw_ann_info=annotation,
        )


class InterHand2DReader(InterHandReader):
    """Reads pairs of hands in pixels alone."""

    def parse(self, annotation: dict[str, Any], image: dict[str, Any], num_keypoints: int) -> dict[str, Any]:
        """Return both hands of an annotation as one instance."""
        return self._hands(annotation, image, self._joints_in_camera(image))
