"""SMPL-X: from the parameters of a body to its joints, with the authors' model file.

Shapes: V vertices of the model, J = 55 joints of its skeleton, B = 10 numbers each of shape and of expression.

Source: Pavlakos et al., CVPR 2019; the model file SMPLX_NEUTRAL.npz comes from its authors, under their licence.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

NUM_JOINTS = 55
NUM_SHAPE = 10
NECK_CHAIN = (0, 3, 6, 9, 12)
"""Joints from the pelvis to the neck."""

MOST_TURNED = 39
"""Degrees of the head's turn up to which the model file knows where the face's contour is."""

PARTS = {"root": 3, "body": 63, "jaw": 3, "left_eye": 3, "right_eye": 3, "left_hand": 45, "right_hand": 45}
"""Parts of the pose in the order of the joints, and how many numbers each has: three for a joint."""

NAMED_VERTICES = (
    *(9120, 9929, 9448, 616, 6),  # nose, eyes and ears, right before left
    *(5770, 5780, 8846, 8463, 8474, 8635),  # big toe, small toe and heel, left before right
    *(5361, 4933, 5058, 5169, 5286, 8079, 7669, 7794, 7905, 8022),  # fingertips from the thumb on, left before right
)
ARRAYS = (
    "v_template", "f", "shapedirs", "posedirs", "J_regressor", "kintree_table", "weights", "hands_meanl", "hands_meanr",
    "lmk_faces_idx", "lmk_bary_coords", "dynamic_lmk_faces_idx", "dynamic_lmk_bary_coords",
)  # fmt: skip


class SmplxModel:
    """The neutral body of SMPL-X.

    Args:
        path: file SMPLX_NEUTRAL.npz.

    Raises:
        FileNotFoundError: if it is not there.
        ValueError: if it is no such file.
    """

    def __init__(self, path: Path) -> None:
        arrays = read_arrays(path)
        template, directions = arrays["v_template"], arrays["shapedirs"]
        first = 300 if directions.shape[2] >= 400 else NUM_SHAPE  # where the directions of expression begin
        chosen = [*range(NUM_SHAPE), *range(first, first + NUM_SHAPE)]
        directions = directions[:, :, chosen]
        regressor = arrays["J_regressor"]
        self.joints, self.joint_directions = regressor @ template, np.einsum("jv,vcb->jcb", regressor, directions)
        self.parents = arrays["kintree_table"][0, :NUM_JOINTS].astype(np.int64)
        hands = np.concatenate([arrays["hands_meanl"].ravel(), arrays["hands_meanr"].ravel()])
        self.mean_pose = np.concatenate([np.zeros(3 * NUM_JOINTS - hands.size), hands])
        self.template, self.directions = template, directions
        self.pose_directions, self.weights = arrays["posedirs"], arrays["weights"]
        faces = arrays["f"].astype(np.int64)
        self.landmarks = (faces[arrays["lmk_faces_idx"].astype(np.int64)], arrays["lmk_bary_coords"])
        contour = arrays["dynamic_lmk_faces_idx"].astype(np.int64)
        self.contours = (faces[contour], arrays["dynamic_lmk_bary_coords"])

    def points(
        self, pose: Mapping[str, np.ndarray], shape: np.ndarray, expression: np.ndarray, shift: np.ndarray
    ) -> np.ndarray:
        """Return joints, named vertices and landmarks of the face (144, 3), in metres.

        Args:
            pose: rotation vectors of the parts in ``PARTS``, one after the other; a part left out is at rest.
            shape: (10,) of the body.
            expression: (10,) of the face.
            shift: (3,) of the whole body.
        """
        rest = {name: np.zeros(size) for name, size in PARTS.items()}
        vectors = np.concatenate([np.asarray(pose.get(name, rest[name]), float).ravel() for name in PARTS])
        rotations = rotation_matrices((vectors + self.mean_pose).reshape(NUM_JOINTS, 3))
        blend = np.concatenate([shape, expression])
        transforms, joints = self.moved_joints(rotations, self.joints + self.joint_directions @ blend)
        corners, shares = self.face_points(rotations)
        needed = np.concatenate([NAMED_VERTICES, corners.ravel()])
        vertices = self.moved_vertices(needed, blend, rotations, transforms)
        named, triangles = vertices[: len(NAMED_VERTICES)], vertices[len(NAMED_VERTICES) :].reshape(-1, 3, 3)
        face = (shares[..., None] * triangles).sum(1)
        return np.concatenate([joints, named, face]) + shift

    def moved_joints(self, rotations: np.ndarray, joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the transforms (J, 3, 4) of points at rest with each joint, and where the joints go (J, 3)."""
        turned, places = [rotations[0]], [joints[0]]
        for joint, parent in enumerate(self.parents[1:], 1):
            turned.append(turned[parent] @ rotations[joint])
            places.append(places[parent] + turned[parent] @ (joints[joint] - joints[parent]))
        turn, place = np.stack(turned), np.stack(places)
        offsets = place - np.einsum("jab,jb->ja", turn, joints)
        return np.concatenate([turn, offsets[..., None]], axis=2), place

    def moved_vertices(
        self, index: np.ndarray, blend: np.ndarray, rotations: np.ndarray, transforms: np.ndarray
    ) -> np.ndarray:
        """Return where some vertices go (N, 3)."""
        bend = (rotations[1:] - np.eye(3)).ravel()
        points = self.template[index] + self.directions[index] @ blend + self.pose_directions[index] @ bend
        mixed = np.einsum("nj,jab->nab", self.weights[index], transforms)
        return np.einsum("nab,nb->na", mixed[..., :3], points) + mixed[..., 3]

    def face_points(self, rotations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the vertices around the face's landmarks (68, 3), the contour as it is seen, and their shares."""
        turn = np.linalg.multi_dot([rotations[joint] for joint in NECK_CHAIN])
        degrees = np.rad2deg(np.arctan2(-turn[2, 0], np.hypot(turn[0, 0], turn[1, 0])))
        angle = round(min(-degrees, MOST_TURNED))
        row = angle if angle >= 0 else MOST_TURNED + min(-angle, MOST_TURNED)
        corners = np.concatenate([self.landmarks[0], self.contours[0][row]])
        return corners, np.concatenate([self.landmarks[1], self.contours[1][row]])


def rotation_matrices(vectors: np.ndarray) -> np.ndarray:
    """Return rotation vectors (N, 3), whose length is the angle, as matrices (N, 3, 3)."""
    from scipy.spatial.transform import Rotation

    return Rotation.from_rotvec(vectors).as_matrix()


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of a model file; nothing else in it is looked at.

    Raises:
        FileNotFoundError: if it is not there.
        ValueError: if it is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; SMPL-X's model comes from its authors, who ask to register")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays: dict[str, Any] = {name: np.asarray(file[name]) for name in ARRAYS}
    except (KeyError, ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: no model file of SMPL-X ({error}); expected SMPLX_NEUTRAL.npz") from error
    count = len(arrays["v_template"])
    expected = {"shapedirs": (count, 3), "posedirs": (count, 3, 9 * (NUM_JOINTS - 1)), "weights": (count, NUM_JOINTS)}
    for name, shape in {**expected, "J_regressor": (NUM_JOINTS, count)}.items():
        if arrays[name].shape[: len(shape)] != shape or count <= max(NAMED_VERTICES):
            raise ValueError(f"{path}: {name} has the shape {arrays[name].shape}; is it SMPL-X's neutral model?")
    return arrays
