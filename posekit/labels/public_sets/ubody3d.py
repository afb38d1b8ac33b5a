"""UBody in space: its SMPL-X annotations (smplx_annotation.json of each scene) as keypoints that UBody3dDataset reads.

The joints are computed with SMPL-X's own model, SMPLX_NEUTRAL.npz, which lies anywhere below the folder of UBody. x and
y are in pixels; z is the distance from the pelvis, of hands and face from wrist and neck, from 0 to 16 for a metre
towards the camera to a metre away.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from posekit.labels.place import Place, read_object
from posekit.labels.public_sets.public_set import category_of, found_files, unpacked_format
from posekit.labels.public_sets.smplx import NUM_SHAPE, PARTS, SmplxModel
from posekit.labels.public_sets.ubody import Scene, unpack_scenes
from posekit.labels.public_sets.unpacking import UnpackingJob

MODEL = "SMPLX_NEUTRAL.npz"
DEPTH_CELLS, DEPTH_METRES = 16, 2.0

POINTS = np.array([
    *(0, 1, 2, 4, 5, 7, 8, 12, 16, 17, 18, 19, 20, 21),  # body, from the pelvis to the wrists
    *(60, 61, 62, 63, 64, 65, 59, 58, 57, 56, 55),  # feet, ears, eyes, nose
    *(37, 38, 39, 66, 25, 26, 27, 67, 28, 29, 30, 68, 34, 35, 36, 69, 31, 32, 33, 70),  # left hand from the thumb on
    *(52, 53, 54, 71, 40, 41, 42, 72, 43, 44, 45, 73, 49, 50, 51, 74, 46, 47, 48, 75),  # right hand
    *(22, 15, 57, 56, *range(76, 144)),  # jaw, head, eyes, landmarks of the face
])  # fmt: skip
"""The model's points that are the keypoints of the set, in order."""

LEFT_HAND, RIGHT_HAND, FACE = slice(25, 45), slice(45, 65), slice(65, 137)
PELVIS, NECK, LEFT_WRIST, RIGHT_WRIST = 0, 7, 12, 13
NAMES = {
    "root_pose": "root",
    "body_pose": "body",
    "jaw_pose": "jaw",
    "lhand_pose": "left_hand",
    "rhand_pose": "right_hand",
}
"""Names of UBody for the parts of a pose."""


def unpack(job: UnpackingJob) -> list[Path]:
    """Write the files of each scene and of all scenes, and the images; see ``ubody.unpack``.

    Raises:
        FileNotFoundError: if a file is not there, or no frame at all.
        ValueError: naming the first value that is not as it must be.
    """
    model = SmplxModel(found_files(job.source, MODEL, f"UBody with {MODEL} of SMPL-X in it")[0])
    return unpack_scenes(job, Scene3d, model=model)


class Scene3d(Scene):
    """The labels of one scene with the bodies that were fitted to them."""

    FILE = JOINED = "{}_3dkeypoint_annotation.json"
    CATEGORIES: ClassVar = [{**Scene.CATEGORIES[0], "keypoints": list(category_of("ubody3d", "person").keypoints)}]

    def __init__(self, job: UnpackingJob, path: Path, model: SmplxModel) -> None:
        super().__init__(job, path)
        self.model = model

    def _annotations(self, document: dict[str, Any], images: dict[int, Any]) -> list[dict[str, Any]]:
        path = self.place.path.with_name("smplx_annotation.json")
        fits, place = read_object(path), Place(path)
        annotations = super()._annotations(document, images)
        fitted = [annotation for annotation in annotations if str(annotation.get("id")) in fits]
        self.unfitted = len(annotations) - len(fitted)
        return [
            {**annotation, **keypoints_of(self.model, fits[number], annotation, place.at(f"label {number}"))}
            for annotation in fitted
            for number in [str(annotation["id"])]
        ]


def keypoints_of(model: SmplxModel, fit: Any, annotation: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Return the keypoints of a fitted body as its annotation has them.

    Raises:
        ValueError: if the parameters are not those of a body and a camera.
    """
    fitted, camera = (place.at(name).dict(place.get(fit, name)) for name in ("smplx_param", "cam_param"))
    where = place.at("smplx_param")
    trusted = {
        "left_hand": bool(fitted.get("lhand_valid", annotation.get("lefthand_valid"))) and "lhand_pose" in fitted,
        "right_hand": bool(fitted.get("rhand_valid", annotation.get("righthand_valid"))) and "rhand_pose" in fitted,
        "jaw": bool(fitted.get("face_valid", annotation.get("face_valid"))) and {"jaw_pose", "expr"} <= set(fitted),
    }
    pose = {part: row_of(fitted, name, PARTS[part], where) for name, part in NAMES.items() if trusted.get(part, True)}
    expression = row_of(fitted, "expr", NUM_SHAPE, where) if trusted["jaw"] else np.zeros(NUM_SHAPE)
    shape, shift = row_of(fitted, "shape", NUM_SHAPE, where), row_of(fitted, "trans", 3, where)
    points = model.points(pose, shape, expression, shift)[POINTS]
    focal, center = (row_of(camera, name, 2, place.at("cam_param")) for name in ("focal", "princpt"))
    pixels = points[:, :2] / points[:, 2:] * focal + center
    valid = np.ones(len(POINTS), np.int64)
    for part, keypoints in (("left_hand", LEFT_HAND), ("right_hand", RIGHT_HAND), ("jaw", FACE)):
        valid[keypoints] = trusted[part]
    return {
        "keypoints": pixels.tolist(),
        "keypoints_3d": np.column_stack([pixels, depths(points)]).tolist(),
        "keypoints_valid": valid.tolist(),
        "camera_param": {"focal": focal.tolist(), "princpt": center.tolist()},
    }


def depths(points: np.ndarray) -> np.ndarray:
    """Return the depths (137,) of points in metres, relative to the pelvis or the part's own root, in cells."""
    z = points[:, 2] - points[PELVIS, 2]
    for keypoints, root in ((LEFT_HAND, LEFT_WRIST), (RIGHT_HAND, RIGHT_WRIST), (FACE, NECK)):
        z[keypoints] -= z[root]
    return (z / (DEPTH_METRES / 2) + 1) / 2 * DEPTH_CELLS


def row_of(values: Mapping[str, Any], name: str, count: int, place: Place) -> np.ndarray:
    """Return ``count`` numbers, however they are nested."""
    try:
        row = np.asarray(place.get(values, name), np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise place.at(name).wrong(values.get(name), f"{count} numbers") from error
    if len(row) != count or not np.isfinite(row).all():
        raise place.at(name).wrong(values[name], f"{count} numbers")
    return row


FORMAT = unpacked_format("ubody3d", "UBody in space", unpack, splits=("intra", "inter"))
