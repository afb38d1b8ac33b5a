"""One line per codec: the tests of the contract run on all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from posekit.codecs.base import BaseCodec
from posekit.registry import CODECS

SIZE, HEATMAP = (96, 128), (24, 32)
K = 5
FLIP_INDICES = [0, 2, 1, 4, 3]


def maps(encoded: dict[str, Any]) -> tuple[Any, ...]:
    return (encoded["heatmaps"],)


def rows(encoded: dict[str, Any]) -> tuple[Any, ...]:
    return encoded["keypoint_x_labels"], encoded["keypoint_y_labels"]


def labels(encoded: dict[str, Any]) -> tuple[Any, ...]:
    return (encoded["keypoint_labels"],)


def offset_maps(encoded: dict[str, Any]) -> tuple[Any, ...]:
    return encoded["heatmaps"], encoded["displacements"]


@dataclass(frozen=True)
class Case:
    """A codec's settings and what a perfect network would put out for its targets; None where it has no inverse."""

    settings: dict[str, Any]
    outputs: Callable[[dict[str, Any]], tuple[Any, ...]]
    flip_options: tuple[dict[str, Any], ...] = ({},)

    def build(self, size_wh: tuple[int, int] = SIZE, heatmap_wh: tuple[int, int] = HEATMAP) -> BaseCodec:
        return CODECS.build(self.full_settings(size_wh, heatmap_wh))

    def full_settings(self, size_wh: tuple[int, int] = SIZE, heatmap_wh: tuple[int, int] = HEATMAP) -> dict[str, Any]:
        sizes = {"input_size": size_wh}
        if self.settings["type"] not in ("SimCCLabel", "RegressionLabel"):
            sizes["heatmap_size"] = heatmap_wh
        return {**self.settings, **sizes}


SHIFT = ({"shift_heatmap": False}, {"shift_heatmap": True})

# One instance per sample, encode(keypoints, visible), an inverse: the whole contract.
TOP_DOWN = {
    "msra": Case({"type": "MSRAHeatmap", "sigma": 2}, maps, SHIFT),
    "msra_fraction": Case({"type": "MSRAHeatmap", "sigma": 1.5}, maps, SHIFT),
    "msra_unbiased": Case({"type": "MSRAHeatmap", "sigma": 2, "unbiased": True}, maps, SHIFT),
    "udp": Case({"type": "UDPHeatmap", "sigma": 2}, maps),
    "udp_combined": Case({"type": "UDPHeatmap", "heatmap_type": "combined"}, maps),
    "megvii": Case({"type": "MegviiHeatmap", "kernel_size": 11}, maps, SHIFT),
    "simcc": Case({"type": "SimCCLabel", "sigma": (4.9, 5.66), "normalize": False}, rows),
    "simcc_normalized": Case({"type": "SimCCLabel", "sigma": 6.0, "simcc_split_ratio": 3.0}, rows),
    "simcc_dark": Case({"type": "SimCCLabel", "sigma": (4.9, 5.66), "normalize": False, "use_dark": True}, rows),
    "simcc_standard": Case({"type": "SimCCLabel", "smoothing_type": "standard", "label_smooth_weight": 0.1}, rows),
    "skps": Case({"type": "SKPSHeatmap", "sigma": 2}, offset_maps, SHIFT),
    "regression": Case({"type": "RegressionLabel"}, labels, ({"shift_coords": False}, {"shift_coords": True})),
    "integral": Case({"type": "IntegralRegressionLabel", "sigma": 2.0}, labels, ({"shift_coords": True},)),
}


def keypoints_inside(seed: int = 1, count: int = K, size_wh: tuple[int, int] = SIZE, margin: float = 24) -> np.ndarray:
    """Return keypoints (1, count, 2), float32, at least ``margin`` input pixels from the border."""
    draw = np.random.default_rng(seed).random((1, count, 2))
    return (margin + draw * (np.array(size_wh) - 1 - 2 * margin)).astype(np.float32)


@dataclass(frozen=True)
class Encoding:
    """A codec and what it encodes, a sample of ``count`` instances; ``any_number`` of them or always one."""

    settings: dict[str, Any]
    inputs: Callable[[int], dict[str, Any]]
    any_number: bool = False

    def build(self) -> BaseCodec:
        return CODECS.build(self.settings)


def one_person(count: int) -> dict[str, Any]:
    return {"keypoints": keypoints_inside(), "keypoints_visible": np.ones((1, K), np.float32)}


def crowd(count: int) -> dict[str, Any]:
    points = [keypoints_inside(seed) for seed in range(count)]
    keypoints = np.concatenate([np.zeros((0, K, 2), np.float32), *points])
    return {"keypoints": keypoints, "keypoints_visible": np.ones((count, K), np.float32)}


def tossed_crowd(count: int) -> dict[str, Any]:
    return {**crowd(count), "rng": np.random.default_rng(0)}


def boxed_crowd(count: int) -> dict[str, Any]:
    inputs = crowd(count)
    boxes = np.concatenate([inputs["keypoints"].min(1), inputs["keypoints"].max(1)], -1)
    return {**inputs, "bbox": boxes, "category_id": [1] * count}


def measured_crowd(count: int) -> dict[str, Any]:
    inputs = boxed_crowd(count)
    inputs |= {"bboxes": inputs.pop("bbox"), "area": np.ones(count, np.float32), "img_shape": SIZE}
    return {name: value for name, value in inputs.items() if name != "category_id"}


def frames(number: int, targets: int) -> Callable[[int], dict[str, Any]]:
    """Return a maker of ``number`` frames of a person, with joints in space for the last of them."""

    def inputs(count: int) -> dict[str, Any]:
        rng = np.random.default_rng(0)
        joints = (rng.random((targets, K, 3)) + np.array([0, 0, 4])).astype(np.float32)
        return {
            "keypoints": (rng.random((number, K, 2)) * 90).astype(np.float32),
            "keypoints_visible": np.ones((number, K), np.float32),
            "lifting_target": joints,
            "lifting_target_visible": np.ones((targets, K), np.float32),
            "camera_param": {"w": 100, "h": 102, "f": np.array([114.5, 114.4]), "c": np.array([51.2, 51.5])},
        }

    return inputs


def person_in_space(count: int) -> dict[str, Any]:
    inputs = one_person(count)
    depth = np.random.default_rng(0).uniform(4, 6, (1, K, 1))
    return {**inputs, "keypoints_3d": np.concatenate([inputs["keypoints"], depth], -1).astype(np.float32)}


def hands(count: int) -> dict[str, Any]:
    keypoints = np.random.default_rng(0).uniform(10, 50, (1, 6, 3)).astype(np.float32)
    sides = {"hand_type": np.ones((1, 2), np.float32), "hand_type_valid": np.ones((1, 1), np.float32)}
    return {"keypoints": keypoints, "keypoints_visible": np.ones((1, 6), np.float32), **sides}


MAPS = {"input_size": SIZE, "heatmap_size": HEATMAP}
OTHERS = {
    "AssociativeEmbedding": Encoding({**MAPS, "type": "AssociativeEmbedding"}, crowd, any_number=True),
    "DecoupledHeatmap": Encoding({**MAPS, "type": "DecoupledHeatmap"}, tossed_crowd, any_number=True),
    "EDPoseLabel": Encoding({"type": "EDPoseLabel", "num_keypoints": K}, measured_crowd, any_number=True),
    "Hand3DHeatmap": Encoding({"type": "Hand3DHeatmap", "image_size": (64, 64), "heatmap_size": (16, 16, 16)}, hands),
    "ImagePoseLifting": Encoding({"type": "ImagePoseLifting", "num_keypoints": K}, frames(1, 1)),
    "MotionBERTLabel": Encoding({"type": "MotionBERTLabel", "num_keypoints": K}, frames(7, 7)),
    "SimCC3DLabel": Encoding({"type": "SimCC3DLabel", "input_size": (96, 128, 96)}, person_in_space),
    "SPR": Encoding({**MAPS, "type": "SPR"}, crowd, any_number=True),
    "VideoPoseLifting": Encoding({"type": "VideoPoseLifting", "num_keypoints": K}, frames(7, 1)),
    "YOLOXPoseAnnotationProcessor": Encoding(
        {"type": "YOLOXPoseAnnotationProcessor", "expand_bbox": True}, boxed_crowd, any_number=True
    ),
}
ENCODINGS = {name: Encoding(case.full_settings(), one_person) for name, case in TOP_DOWN.items()} | OTHERS
