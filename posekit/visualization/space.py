"""A view of poses in space, on a floor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np

from posekit.visualization.draw import DEFAULT_KEYPOINT, DEFAULT_LINK, colors, dot, line

SIDE_PX = 480
PAPER, FLOOR, INK = (255, 255, 255), (214, 214, 214), (70, 70, 70)
FLOOR_CELLS = 4

Link: TypeAlias = tuple[tuple[int, int], tuple[int, int, int]]
"""Numbers of two keypoints, and a colour, B, G, R."""


@dataclass(frozen=True)
class View:
    """An orthographic camera.

    Attributes:
        azimuth: direction to look from, in degrees, counted from x to y; -90 looks along y.
        elevation: height to look from, in degrees.
        side: length that four fifths of the image's height show, in the poses' unit.
    """

    azimuth: float
    elevation: float
    side: float

    def project(self, points: np.ndarray, center: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return places (..., 2) in the image and nearness (...,) of points (..., 3); ``center`` is in its middle."""
        turn, rise = np.radians([self.azimuth, self.elevation])
        right = np.array([-np.sin(turn), np.cos(turn), 0.0])
        up = np.array([-np.sin(rise) * np.cos(turn), -np.sin(rise) * np.sin(turn), np.cos(rise)])
        toward = np.array([np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise)])
        away = points - center
        flat = np.stack([away @ right, -(away @ up)], -1) * (0.8 * SIDE_PX / self.side)
        return flat + SIDE_PX / 2, away @ toward


def draw_view(
    keypoints: np.ndarray, shown: np.ndarray, metainfo: Mapping[str, Any], view: View, title: str = ""
) -> np.ndarray:
    """Draw a pose in space.

    Args:
        keypoints: (K, 3), z points up.
        shown: (K,) bool, which of them are drawn.
        metainfo: the keypoint set, as ``dataset.metainfo``.
        view: where to look from.
        title: words at the top.

    Returns:
        (480, 480, 3), uint8, B, G, R.
    """
    canvas = np.full((SIDE_PX, SIDE_PX, 3), PAPER, np.uint8)
    if title:
        cv2.putText(canvas, title, (10, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1, cv2.LINE_AA)
    if not shown.any():
        return canvas
    low, high = keypoints[shown].min(0), keypoints[shown].max(0)
    center = (low + high) / 2
    draw_floor(canvas, np.array([center[0], center[1], low[2]]), center, view)
    places, near = view.project(np.where(shown[:, None], keypoints, center), center)
    links = [(a, b, color) for (a, b), color in links_of(metainfo) if shown[a] and shown[b]]
    for a, b, color in sorted(links, key=lambda link: near[link[0]] + near[link[1]]):
        line(canvas, places[a], places[b], color, 4.0)
    dots = colors(metainfo, "keypoint_colors", len(keypoints), DEFAULT_KEYPOINT)
    for row in np.argsort(near):
        if shown[row]:
            dot(canvas, places[row], INK, 5.0)
            dot(canvas, places[row], dots[row], 4.0)
    return canvas


def links_of(metainfo: Mapping[str, Any]) -> list[Link]:
    """Return the links of a keypoint set with their colours, B, G, R."""
    links = metainfo.get("skeleton_links", ())
    return list(zip(links, colors(metainfo, "skeleton_link_colors", len(links), DEFAULT_LINK), strict=True))


def draw_floor(canvas: np.ndarray, middle: np.ndarray, center: np.ndarray, view: View) -> None:
    """Draw a square grid under a pose."""
    half = view.side / 2
    steps = np.linspace(-half, half, FLOOR_CELLS + 1)
    along = np.array([[[step, -half, 0], [step, half, 0]] for step in steps])  # (L, 2, 3), ends of the lines along y
    places, _ = view.project(middle + np.concatenate([along, along[..., [1, 0, 2]]]), center)
    for start, end in places:
        line(canvas, start, end, FLOOR, 1.5)
