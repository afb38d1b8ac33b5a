"""Drawing poses, boxes and heatmaps on images.

Convention: images are (H, W, 3) uint8 in B, G, R, as cv2 reads and writes them. The colours
of a keypoint set are R, G, B, as in its file. Every function returns a new image.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from posekit.array import to_numpy
from posekit.structures.instance_data import InstanceData

Color = tuple[int, int, int]

SUBPIXEL_BITS = 4
"""Number of fractional bits of the fixed-point coordinates that cv2 takes."""

MAX_PX = 1e7
"""Farther out points are moved nearer: cv2's coordinates have 32 bits."""

SPREAD = 0.7
"""Number of pixels by which cv2 paints antialiased polygons too large on every side."""

GOLDEN_SECTION = 0.618
"""Share of the circle of colours from one track to the next."""

OUTLINE: Color = (24, 24, 24)
RING: Color = (255, 255, 255)
DEFAULT_KEYPOINT: Color = (0, 170, 255)
DEFAULT_LINK: Color = (200, 200, 200)
BOX: Color = (80, 220, 80)


CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 24, False)), np.sin(np.linspace(0, 2 * np.pi, 24, False))], 1)


@dataclass(frozen=True)
class PoseStyle:
    """How poses are drawn.

    Attributes:
        thr: keypoints with a lower score are left out, and the links to them.
        radius: radius of the keypoints in pixels; None fits the person's size.
        thickness: thickness of the links in pixels; None fits the person's size.
        alpha: opacity of everything, in 0 ... 1.
        outline: whether links have a dark rim and keypoints a light one, to stand out anywhere.
        boxes: whether ``bboxes`` are drawn.
        scores: whether each person's mean score is written.
        tracks: whether each person's ``track_ids`` is written, each in its own colour.
        indices: whether each keypoint's number is written beside it.
        weighted: whether keypoints and links of lower scores are more transparent.
        box_color: color of the boxes, B, G, R.
    """

    thr: float = 0.3
    radius: float | None = None
    thickness: float | None = None
    alpha: float = 0.9
    outline: bool = True
    boxes: bool = False
    scores: bool = False
    tracks: bool = False
    indices: bool = False
    weighted: bool = False
    box_color: Color = BOX

    def __post_init__(self) -> None:
        if not 0 <= self.alpha <= 1:
            raise ValueError(f"PoseStyle.alpha is {self.alpha}; it must be between 0 and 1")
        sizes = [size for size in (self.radius, self.thickness) if size is not None]
        if any(size <= 0 for size in sizes):
            raise ValueError(f"PoseStyle: radius {self.radius} and thickness {self.thickness} must be above 0")


def draw_pose(
    image: np.ndarray, instances: InstanceData, metainfo: Mapping[str, Any], *, style: PoseStyle | None = None
) -> np.ndarray:
    """Draw the poses of an image, the best last.

    Args:
        image: the image.
        instances: ``keypoints`` (N, K, 2) in image pixels, and if there are any ``keypoint_scores``
            (N, K), ``keypoints_visible`` (N, K) for labels without scores, ``bboxes`` (N, 4), ``track_ids`` (N,).
        metainfo: the keypoint set, as ``dataset.metainfo``.
        style: sizes, opacity and what else to draw.

    Raises:
        ValueError: if image and keypoints have other forms, or the set other keypoints.

    Example:
        >>> from posekit.keypoints.skeleton import Skeleton
        >>> image = np.zeros((64, 48, 3), np.uint8)
        >>> instances = InstanceData(keypoints=np.full((1, 17, 2), 24.0), keypoint_scores=np.ones((1, 17)))
        >>> drawing = draw_pose(image, instances, Skeleton.load("coco").metainfo())
        >>> drawing.shape, bool(drawing.any()), bool(image.any())
        ((64, 48, 3), True, False)
    """
    style = style or PoseStyle()
    check_image(image)
    keypoints, scores = keypoints_and_scores(instances, metainfo)
    boxes = to_numpy(instances.bboxes) if "bboxes" in instances else None
    drawn = image.copy()
    for i in np.argsort(scores.mean(1), kind="stable"):
        size = person_size(keypoints[i], scores[i] >= style.thr, None if boxes is None else boxes[i])
        if style.boxes and boxes is not None:
            draw_box(drawn, boxes[i], style.box_color, max(1, round(thickness_of(size, style) / 2)))
        draw_one(drawn, keypoints[i], scores[i], metainfo, size, style)
        identity = int(instances.track_ids[i]) if style.tracks and "track_ids" in instances else -1
        words = [f"{identity}"] * (identity >= 0) + [f"{scores[i].mean():.2f}"] * style.scores
        if words:
            at = label_place(
                keypoints[i], scores[i] >= style.thr, boxes[i] if boxes is not None and identity < 0 else None
            )
            write_label(drawn, " ".join(words), at, track_color(identity) if identity >= 0 else RING)
    return cv2.addWeighted(drawn, style.alpha, image, 1 - style.alpha, 0)


def label_place(keypoints: np.ndarray, shown: np.ndarray, box: np.ndarray | None) -> np.ndarray:
    """Return the upper left corner of a box, without one of the keypoints that are shown."""
    if box is not None:
        return box[:2]
    points = keypoints[shown & np.isfinite(keypoints).all(1)]
    return points.min(0) if len(points) else np.nan_to_num(keypoints).min(0)


def track_color(identity: int) -> Color:
    """Return the colour of a track: bright, and far from that of the ids before it."""
    hue = round(identity * 180 * GOLDEN_SECTION) % 180
    blue, green, red = cv2.cvtColor(np.array([[[hue, 130, 255]]], np.uint8), cv2.COLOR_HSV2BGR)[0, 0].tolist()
    return blue, green, red


def check_image(image: np.ndarray) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        described = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(f"cannot draw on {described}; expected a uint8 image (H, W, 3), BGR")


def keypoints_and_scores(instances: InstanceData, metainfo: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return keypoints (N, K, 2) and scores (N, K): those predicted, else visibility, else 1."""
    if not len(instances):
        count = int(metainfo.get("num_keypoints", 0))
        return np.zeros((0, count, 2)), np.zeros((0, count))
    keypoints = to_numpy(instances.keypoints)[..., :2].astype(np.float64)
    count = metainfo.get("num_keypoints", keypoints.shape[1])
    if keypoints.ndim != 3 or keypoints.shape[1] != count:
        raise ValueError(
            f"keypoints {keypoints.shape} do not fit the keypoint set "
            f"'{metainfo.get('dataset_name', '')}'; expected (N, {count}, 2)"
        )
    for name in ("keypoint_scores", "keypoints_visible"):
        if name in instances:
            return keypoints, to_numpy(instances[name]).reshape(keypoints.shape[0], keypoints.shape[1], -1)[..., 0]
    return keypoints, np.ones(keypoints.shape[:2])


def person_size(keypoints: np.ndarray, shown: np.ndarray, box: np.ndarray | None) -> float:
    """Return the length in pixels that a person's drawing scales with: the longer side of what is shown."""
    points = keypoints[shown & np.isfinite(keypoints).all(1)]
    if len(points) > 1:
        return float(np.ptp(points, axis=0).max())
    return 0.0 if box is None else float((box[2:4] - box[:2]).max())


def thickness_of(size: float, style: PoseStyle) -> float:
    return style.thickness or float(np.clip(size / 45, 2.5, 16))


def draw_one(
    canvas: np.ndarray,
    keypoints: np.ndarray,
    scores: np.ndarray,
    metainfo: Mapping[str, Any],
    size: float,
    style: PoseStyle,
) -> None:
    """Draw one person onto ``canvas``, in place: links below, keypoints above."""
    shown = (scores >= style.thr) & np.isfinite(keypoints).all(1) & (np.abs(keypoints) < 1e5).all(1)
    thickness = thickness_of(size, style)
    radius = style.radius or thickness * 0.95
    rim = max(1.0, thickness * 0.25)
    links = metainfo.get("skeleton_links", ())
    link_colors = colors(metainfo, "skeleton_link_colors", len(links), DEFAULT_LINK)
    opacity = (np.clip(scores, 0, 1) if style.weighted else np.ones(len(scores))).tolist()
    segments = [
        (keypoints[a], keypoints[b], color, (opacity[a] + opacity[b]) / 2)
        for (a, b), color in zip(links, link_colors, strict=True)
        if shown[a] and shown[b]
    ]
    for start, end, _, alpha in segments if style.outline else ():
        with layer(canvas, alpha) as paint:
            line(paint, start, end, OUTLINE, thickness + 2 * rim)
    for start, end, color, alpha in segments:
        with layer(canvas, alpha) as paint:
            line(paint, start, end, color, thickness)
    for k, color in enumerate(colors(metainfo, "keypoint_colors", len(keypoints), DEFAULT_KEYPOINT)):
        if shown[k]:
            with layer(canvas, opacity[k]) as paint:
                if style.outline:
                    dot(paint, keypoints[k], RING, radius + rim)
                dot(paint, keypoints[k], color, radius)
            if style.indices:
                write_label(canvas, str(k), keypoints[k] + radius + rim)


@contextmanager
def layer(canvas: np.ndarray, opacity: float) -> Iterator[np.ndarray]:
    """Lend an image to paint on, which is then laid over ``canvas`` in place; below full opacity it is a copy."""
    if opacity >= 1:
        yield canvas
        return
    paint = canvas.copy()
    yield paint
    cv2.addWeighted(paint, opacity, canvas, 1 - opacity, 0, dst=canvas)


def colors(metainfo: Mapping[str, Any], key: str, count: int, default: Color) -> list[Color]:
    """Return ``count`` colours of a keypoint set in B, G, R, or the default where it has none."""
    values = metainfo.get(key)
    if values is None or len(values) != count:
        return [default] * count
    return [(int(blue), int(green), int(red)) for red, green, blue in values]


def fixed_points(xy: np.ndarray) -> np.ndarray:
    """Return points (..., 2) as cv2 takes them with a fraction of a pixel."""
    return np.round(np.clip(xy, -MAX_PX, MAX_PX) * (1 << SUBPIXEL_BITS)).astype(np.int32)


def line(canvas: np.ndarray, start: np.ndarray, end: np.ndarray, color: Color, thickness: float) -> None:
    """Draw a line with round ends as a polygon, which unlike cv2's lines may have any thickness."""
    along = np.asarray(end, float) - start
    length = float(np.hypot(*along))
    if length == 0:
        dot(canvas, start, color, thickness / 2)
        return
    across = np.array([-along[1], along[0]]) / length * max(thickness / 2 - SPREAD, 0.1)
    corners = np.stack([start + across, end + across, end - across, start - across])
    cv2.fillConvexPoly(canvas, fixed_points(corners), color, cv2.LINE_AA, SUBPIXEL_BITS)
    dot(canvas, start, color, thickness / 2)
    dot(canvas, end, color, thickness / 2)


def dot(canvas: np.ndarray, center: np.ndarray, color: Color, radius: float) -> None:
    """Draw a disc as a polygon: cv2's circles of few pixels are diamonds."""
    reach = max(radius - SPREAD, 0.1)
    cv2.fillConvexPoly(canvas, fixed_points(center + reach * CIRCLE), color, cv2.LINE_AA, SUBPIXEL_BITS)


def draw_box(canvas: np.ndarray, box: np.ndarray, color: Color = BOX, width: int = 1) -> None:
    """Draw a box (x1, y1, x2, y2) onto ``canvas``, in place."""
    low, high = fixed_points(np.reshape(box[:4], (2, 2))).tolist()
    cv2.rectangle(canvas, low, high, color, width, cv2.LINE_AA, SUBPIXEL_BITS)


def write_label(
    canvas: np.ndarray, text: str, at: Sequence[float] | np.ndarray, color: Color = (255, 255, 255)
) -> None:
    """Write a line of text with a dark ground onto ``canvas``, in place, kept inside the image."""
    scale = float(np.clip(max(canvas.shape[:2]) / 1000, 0.35, 1.2))
    (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    x = int(np.clip(at[0], 0, max(canvas.shape[1] - width - 4, 0)))
    y = int(np.clip(at[1], height + base, max(canvas.shape[0] - base, height + base)))
    cv2.rectangle(canvas, (x, y - height - 3), (x + width + 4, y + base), OUTLINE, cv2.FILLED)
    cv2.putText(canvas, text, (x + 2, y), cv2.FONT_HERSHEY_SIMPLEX, scale, color, 1, cv2.LINE_AA)


def draw_heatmaps(image: np.ndarray, heatmaps: np.ndarray, *, alpha: float = 0.5) -> np.ndarray:
    """Lay heatmaps over the image that they belong to, as colours.

    Args:
        image: the network's input, or any image that the heatmaps cover wholly.
        heatmaps: (K, h, w) or (h, w), of which the maximum over keypoints is shown.
        alpha: opacity where the heatmap is highest.
    """
    check_image(image)
    maps = np.asarray(to_numpy(heatmaps), np.float32)
    if maps.ndim not in (2, 3):
        raise ValueError(f"heatmaps have the shape {maps.shape}; expected (K, h, w) or (h, w)")
    top = maps.max(0) if maps.ndim == 3 else maps
    low, high = float(top.min()), float(top.max())
    top = cv2.resize((top - low) / max(high - low, 1e-9), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    tints = cv2.applyColorMap((np.clip(top, 0, 1) * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    weight = (np.clip(top, 0, 1) * alpha)[..., None]
    return (image * (1 - weight) + tints * weight).round().astype(np.uint8)
