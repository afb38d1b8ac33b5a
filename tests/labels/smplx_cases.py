"""A made-up model file in SMPL-X's format."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from posekit.labels.public_sets.smplx import NAMED_VERTICES, NUM_JOINTS

VERTICES, FACES = 9930, 500
HAND = [0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14]
PARENTS = [
    *(-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15),
    *(link + 24 if link else 20 for link in HAND),
    *(link + 39 if link else 21 for link in HAND),
]


def make_model(path: Path) -> Path:
    """Write a model whose numbers are random, but the same each time."""
    rng = np.random.default_rng(0)
    faces = rng.integers(0, VERTICES, (FACES, 3))
    pose = np.zeros((VERTICES, 3, 9 * (NUM_JOINTS - 1)), np.float32)
    pose[list(NAMED_VERTICES)] = rng.normal(0, 0.01, (len(NAMED_VERTICES), *pose.shape[1:]))
    weights = rng.random((VERTICES, NUM_JOINTS)) ** 8
    regressor = rng.random((NUM_JOINTS, VERTICES)) ** 20

    def shares(*shape: int) -> np.ndarray:
        values = rng.random((*shape, 3))
        return values / values.sum(-1, keepdims=True)

    arrays = {
        "v_template": rng.normal(size=(VERTICES, 3)),
        "f": faces,
        "shapedirs": rng.normal(0, 0.01, (VERTICES, 3, 20)),
        "J_regressor": regressor / regressor.sum(1, keepdims=True),
        "kintree_table": np.stack([PARENTS, np.arange(NUM_JOINTS)]),
        "weights": weights / weights.sum(1, keepdims=True),
        "hands_meanl": rng.normal(0, 0.1, 45),
        "hands_meanr": rng.normal(0, 0.1, 45),
        "lmk_faces_idx": rng.integers(0, FACES, 51),
        "lmk_bary_coords": shares(51),
        "dynamic_lmk_faces_idx": rng.integers(0, FACES, (79, 17)),
        "dynamic_lmk_bary_coords": shares(79, 17),
    }
    small = {name: array.astype(np.float32) if array.dtype == float else array for name, array in arrays.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, posedirs=pose, **small)
    return path
