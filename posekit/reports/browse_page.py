"""What a pipeline makes of samples, as a web page: originals, inputs and targets side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from posekit.datasets.traced_samples import TracedSample
from posekit.media.image_file import check_array
from posekit.reports import html_page as html
from posekit.reports.gallery import fit
from posekit.structures import InstanceData
from posekit.visualization.draw import DEFAULT_KEYPOINT, PoseStyle, colors, draw_heatmaps, draw_pose

CELL = (260, 260)
STYLE = PoseStyle(thr=0.5, boxes=True)
MOST = 100
"""Number of instances of a sample whose poses are drawn."""


def browse_page(title: str, samples: Iterable[TracedSample | str], metainfo: Mapping[str, Any]) -> str:
    """Return the page of samples; a text replaces a sample that cannot be shown, and says why."""
    cards = [
        html.card([html.text(sample)], style="error") if isinstance(sample, str) else sample_card(sample, metainfo)
        for sample in samples
    ]
    return html.page(title, cards)


def sample_card(sample: TracedSample, metainfo: Mapping[str, Any]) -> str:
    """Return one sample: the original, the input, and each target."""
    record, results = sample.record, sample.results
    original = draw_scaled(sample.original, record["keypoints"], record["keypoints_visible"], metainfo, record["bbox"])
    shown = input_image(results)
    augmented = draw_scaled(shown, sample.keypoints, sample.visible, metainfo)
    count = len(record["keypoints"])
    some = f", {MOST} of {count:,} instances" if count > MOST else ""
    figures = [
        html.image(original, f"as loaded, {sample.original.shape[1]} x {sample.original.shape[0]}{some}"),
        html.image(augmented, f"input, {shown.shape[1]} x {shown.shape[0]}{', mirrored' * bool(results.get('flip'))}"),
    ]
    others = []
    for key, value in sample.targets.items():
        drawn = target_figure(key, value, shown, metainfo)
        figures += [drawn] if drawn else []
        others += [] if drawn else [described(key, value)]
    name = f"sample {record['sample_idx']}: {record['img_path']}, annotation {record.get('id')}"
    return html.card([html.text(name, style="dim"), html.side_by_side(figures), html.listing(others)])


def draw_scaled(
    image: np.ndarray, keypoints: np.ndarray, visible: np.ndarray, metainfo: Mapping[str, Any], boxes: Any = None
) -> np.ndarray:
    """Return an image at the size of a cell with poses (N, K, 2), and boxes (N, 4), on it, ``MOST`` of them."""
    small = fit(image, CELL)
    factor = np.array([small.shape[1] / image.shape[1], small.shape[0] / image.shape[0]])
    visible = visible[..., 0] if visible.ndim == 3 else visible
    framed = {} if boxes is None else {"bboxes": boxes[:MOST] * np.tile(factor, 2)}
    instances = InstanceData(keypoints=keypoints[:MOST, :, :2] * factor, keypoints_visible=visible[:MOST], **framed)
    return draw_pose(small, instances, metainfo, style=STYLE)


def input_image(results: Mapping[str, Any]) -> np.ndarray:
    """Return the network's input as an image to draw on."""
    image = np.clip(results["img"], 0, 255).astype(np.uint8)
    return check_array(image)


def target_figure(key: str, value: Any, image: np.ndarray, metainfo: Mapping[str, Any]) -> str:
    """Return heatmaps laid over the input, rows of bins as curves, "" for what has no image."""
    if not isinstance(value, np.ndarray) or value.ndim != 3 or not value.size:
        return ""
    count = metainfo.get("num_keypoints")
    if "heatmaps" in key:
        return html.image(fit(draw_heatmaps(image, value, alpha=0.75), CELL), described(key, value))
    if key in ("keypoint_x_labels", "keypoint_y_labels") and value.shape[1] == count:
        tints = colors(metainfo, "keypoint_colors", value.shape[1], DEFAULT_KEYPOINT)
        return html.curves(value[0], tints, described(key, value))
    return ""


def described(key: str, value: Any) -> str:
    """Return a target's shape and range in words."""
    if isinstance(value, list):
        return f"{key}: {len(value)} levels; " + "; ".join(described("", level).strip(": ") for level in value[:3])
    array = np.asarray(value)
    span = f", {array.min():.3g} to {array.max():.3g}" if array.size and array.dtype.kind in "fiub" else ""
    return f"{key}: {' x '.join(map(str, array.shape)) or 'one number'} {array.dtype}{span}"
