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


@dataclass(frozen=True)
class Case:
    """A codec's settings and what a perfect network would put out for its targets; None where it has no inverse."""

    settings: dict[str, Any]
    outputs: Callable[[dict[str, Any]], tuple[Any, ...]]
    flip_options: tuple[dict[str, Any], ...] = ({},)

    def build(self, size_wh: tuple[int, int] = SIZE, heatmap_wh: tuple[int, int] = HEATMAP) -> BaseCodec:
        sizes = {"input_size": size_wh}
        if self.settings["type"] not in ("SimCCLabel", "RegressionLabel"):
            sizes["heatmap_size"] = heatmap_wh
        return CODECS.build({**self.settings, **sizes})


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
    "regression": Case({"type": "RegressionLabel"}, labels, ({"shift_coords": False}, {"shift_coords": True})),
    "integral": Case({"type": "IntegralRegressionLabel", "sigma": 2.0}, labels, ({"shift_coords": True},)),
}


def keypoints_inside(seed: int = 1, count: int = K, size_wh: tuple[int, int] = SIZE, margin: float = 24) -> np.ndarray:
    """Return keypoints (1, count, 2), float32, at least ``margin`` input pixels from the border."""
    draw = np.random.default_rng(seed).random((1, count, 2))
    return (margin + draw * (np.array(size_wh) - 1 - 2 * margin)).astype(np.float32)
