"""The keypoints of a 2D model in the order that a lifter takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

HIPS, SHOULDERS = {"left_hip": 0.5, "right_hip": 0.5}, {"left_shoulder": 0.5, "right_shoulder": 0.5}
TRUNK = dict.fromkeys((*HIPS, *SHOULDERS), 0.25)

MADE_OF: dict[str, tuple[dict[str, float], ...]] = {
    "root": (HIPS,),
    "thorax": (SHOULDERS,),
    "spine": (TRUNK,),
    "neck_base": (
        {"nose": 1.0},
        {"neck": 0.75, "head_top": 0.25},
        {"neck": 0.75, "top_head": 0.25},
        {"upper_neck": 0.75, "head_top": 0.25},
    ),
    "head": (
        {"left_eye": 0.5, "right_eye": 0.5},
        {"neck": 5 / 12, "head_top": 7 / 12},
        {"neck": 5 / 12, "top_head": 7 / 12},
        {"upper_neck": 5 / 12, "head_top": 7 / 12},
    ),
    "right_foot": ({"right_ankle": 1.0},),
    "left_foot": ({"left_ankle": 1.0},),
}
"""Shares of keypoints that Human3.6M's joints are made of, where a set lacks the joint itself; the first that fits.

The nose replaces the base of the neck in sets that have neither neck nor top of the head, as in common practice
with lifters trained on Human3.6M."""


def lifted_keypoints(
    keypoints: np.ndarray, scores: np.ndarray, source: Mapping[str, Any], target: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return keypoints (T, J, 2) and scores (T, J) of the lifter's set.

    Args:
        keypoints: (T, K, 2).
        scores: (T, K).
        source: the 2D model's keypoint set.
        target: the lifter's.

    Raises:
        ValueError: naming the joints that cannot be made of the keypoints.
    """
    ids, names = source["keypoint_name2id"], target["keypoint_id2name"]
    if len(names) == len(ids) and all(ids.get(names[i]) == i for i in range(len(names))):
        return keypoints, scores
    shares = np.zeros((len(names), len(ids)), keypoints.dtype)
    missing = []
    for row in range(len(names)):
        options = [{names[row]: 1.0}, *MADE_OF.get(names[row], ())]
        chosen = next((option for option in options if option.keys() <= ids.keys()), None)
        if chosen is None:
            missing.append(names[row])
        for name, share in (chosen or {}).items():
            shares[row, ids[name]] = share
    if missing:
        raise ValueError(
            f"the lifter's joints {', '.join(missing)} cannot be made of the keypoints of "
            f"'{source.get('dataset_name', '')}'; use a 2D model of '{target.get('dataset_name', '')}' or of coco"
        )
    return np.einsum("jk,tkd->tjd", shares, keypoints), scores @ shares.T
