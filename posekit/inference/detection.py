"""Boxes of objects by an exported detector, with numpy alone around the network.

Boxes are xyxy in pixels and count from the corner of the image, so that a whole image is (0, 0, w, h).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np

from posekit.inference.networks.base import planes
from posekit.inference.networks.graph import Graph, check_input_size, run_in_batches, trial_outputs
from posekit.inference.recipe import Index, Level, Pixels, Share, Side
from posekit.inference.schema import Between

MANY_BOXES = 10_000
"""Number of boxes from which NMS looks at each class by itself."""


class Detections(NamedTuple):
    """What one image shows, best first: boxes (N, 4) xyxy in image pixels, scores (N,), labels (N,)."""

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, kw_only=True)
class DetectorRecipe(Pixels):
    """How images go into a detector and boxes come out.

    Attributes:
        input_size: (w, h) of the network's input.
        strides: input pixels per cell of each level, finest first.
        classes: names of the classes.
        pad_value: grey level beside the image.
        score_thr: lowest score of a detection.
        above: whether scores must exceed ``score_thr``, not only reach it.
        several_labels: whether a point may give several classes.
        within_input: whether boxes are cut at the border of the input.
        nms_pre: number of the best scores of each level that go on; 0 for all.
        min_size: width and height that a box must exceed; negative for no test.
        iou_threshold: largest overlap of two boxes of one class.
        max_per_img: largest number of detections; 0 for any.
        outputs: ``points`` for boxes (B, P, 4) in input pixels and scores (B, P, C) of all points; ``cells`` for
            YOLOX's own (B, P, 5 + C), centres and logarithms of sizes in cells; ``dets`` for what remains after NMS,
            boxes with scores (B, N, 5) and labels (B, N).
        labels: the classes to keep; empty for all.
    """

    input_size: tuple[Side, Side]
    strides: tuple[Annotated[int, Between(1, 4096)], ...]
    classes: tuple[str, ...] = ()
    pad_value: Level = 114.0
    score_thr: Share = 0.05
    above: bool = True
    several_labels: bool = True
    within_input: bool = True
    nms_pre: Annotated[int, Between(0, 1_000_000)] = 0
    min_size: Annotated[float, Between(-1, 4096)] = -1.0
    iou_threshold: Share = 0.65
    max_per_img: Annotated[int, Between(0, 1_000_000)] = 0
    outputs: str = "points"
    labels: tuple[Index, ...] = ()

    def check(self, source: str) -> None:
        """Raise ValueError, naming ``source``, unless the parts fit together."""
        Pixels.check(self, source)
        if self.outputs not in NUM_OUTPUTS:
            raise ValueError(f"{source}: outputs {self.outputs!r} is none of {', '.join(NUM_OUTPUTS)}")
        if not self.strides and self.outputs != "dets":
            raise ValueError(f"{source}: strides are empty; the levels of the network need theirs")

    @property
    def ends(self) -> np.ndarray:
        """Number of points up to the end of each level."""
        width, height = self.input_size
        return np.cumsum([-(-width // stride) * -(-height // stride) for stride in self.strides])


NUM_OUTPUTS = {"points": 2, "cells": 1, "dets": 2}


class Detector:
    """Finds boxes in images.

    Args:
        graph: computes the recipe's outputs from images (B, 3, h, w).
        recipe: how images go in and boxes come out.

    Raises:
        ValueError: if file and recipe do not fit together.
    """

    def __init__(self, graph: Graph, recipe: DetectorRecipe) -> None:
        self.graph = graph
        self.recipe = recipe
        check_input_size(graph, recipe.input_size)
        check_detector_outputs(graph.source, recipe, trial_outputs(graph, (3, *recipe.input_size[::-1])))

    @classmethod
    def open(cls, path: str | Path, **options: Any) -> Detector:
        """Open a detector's file, posekit's or another's.

        Args:
            path: ONNX file, or the .xml of OpenVINO's files.
            options: ``threads``, ``providers`` and ``preprocess``, see ``posekit.inference.model_file.open_network``.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is no detector that posekit knows.
        """
        from posekit.inference.model_file import open_network

        network = open_network(path, **options)
        if not isinstance(network, cls):
            raise ValueError(f"{path}: is no detector, but a model of poses; give it as the model")
        return network

    def __call__(self, image: np.ndarray) -> Detections:
        """Find the boxes in an image (H, W, 3), BGR, uint8."""
        return self.detect([image])[0]

    def detect(self, images: Sequence[np.ndarray]) -> list[Detections]:
        """Find the boxes in images (H, W, 3), BGR, uint8, of any sizes, in one run of the network."""
        if not images:
            return []
        inputs, scales = self.inputs(images)
        outputs = self.compute(inputs)
        return [self.read(output, scale_xy) for *output, scale_xy in zip(*outputs, scales, strict=True)]

    def inputs(self, images: Sequence[np.ndarray]) -> tuple[np.ndarray, Sequence[tuple[float, float]]]:
        """Return images as the file wants them (B, 3, h, w), and input pixels per image pixel along x and y."""
        canvases, scales = zip(
            *(letterbox(image, self.recipe.input_size, self.recipe.pad_value) for image in images), strict=True
        )
        return planes(canvases, np.float32, self.recipe), scales

    def compute(self, images: np.ndarray) -> list[np.ndarray]:
        """Return the outputs for images (B, 3, h, w)."""
        return run_in_batches(self.graph, images)

    def read(self, outputs: Sequence[np.ndarray], scale_xy: tuple[float, float]) -> Detections:
        """Return what one image's outputs say, for input pixels per image pixel ``scale_xy``."""
        recipe = self.recipe
        if recipe.outputs == "dets":
            boxes, scores, labels = outputs[0][:, :4], outputs[0][:, 4], outputs[1].astype(np.int64)
            rows = scores > recipe.score_thr
            scale_xyxy = np.tile(np.array(scale_xy, np.float32), 2)
            detections = Detections(boxes[rows] / scale_xyxy, scores[rows], labels[rows])
        elif recipe.outputs == "cells":
            detections = self.decode(*boxes_of_cells(outputs[0], recipe), scale_xy)
        else:
            detections = self.decode(outputs[0], outputs[1], scale_xy)
        if not recipe.labels:
            return detections
        rows = np.isin(detections.labels, recipe.labels)
        return Detections(*(column[rows] for column in detections))

    def decode(self, boxes: np.ndarray, scores: np.ndarray, scale_xy: tuple[float, float]) -> Detections:
        """Choose the detections among boxes (P, 4) in input pixels and scores (P, C) of one image.

        Args:
            boxes: boxes in input pixels.
            scores: scores of each class.
            scale_xy: input pixels per image pixel.
        """
        recipe = self.recipe
        points, labels, values = candidates(recipe, scores)
        chosen = boxes[points]
        if recipe.within_input:
            chosen = np.clip(chosen, 0, np.tile(np.array(recipe.input_size, np.float32), 2))
        chosen = (chosen * np.tile(1 / np.array(scale_xy), 2)).astype(np.float32)
        if recipe.min_size >= 0:
            large = ((chosen[:, 2:] - chosen[:, :2]) > recipe.min_size).all(axis=1)
            chosen, labels, values = chosen[large], labels[large], values[large]
        best = class_nms(chosen, values, labels, recipe.iou_threshold, most=recipe.max_per_img or None)
        return Detections(chosen[best], values[best], labels[best])


def candidates(recipe: DetectorRecipe, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points, labels and scores (N,) of all that scores (P, C) let pass."""
    thr = recipe.score_thr
    passes = scores > thr if recipe.above else scores >= thr
    if not recipe.several_labels:
        passes &= np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None]
    points, labels = np.nonzero(passes)
    values = scores[points, labels]
    if not recipe.nms_pre:
        return points, labels, values
    ends = recipe.ends
    level = np.searchsorted(ends, points, side="right")
    rows_by_label = []
    for index in range(len(ends)):
        rows = np.flatnonzero(level == index)
        rows_by_label.append(rows[np.argsort(-values[rows], kind="stable")[: recipe.nms_pre]])
    rows = np.concatenate(rows_by_label)
    return points[rows], labels[rows], values[rows]


def check_detector_outputs(source: str, recipe: DetectorRecipe, outputs: Sequence[np.ndarray]) -> None:
    """Raise ValueError unless outputs for one image are what a recipe says."""
    shapes = [list(output.shape[1:]) for output in outputs]
    number = int(recipe.ends[-1]) if recipe.strides else 0
    fits = len(outputs) == NUM_OUTPUTS[recipe.outputs] and all(shapes)
    if fits and recipe.outputs == "points":
        fits = shapes[0] == [number, 4] and len(shapes[1]) == 2 and shapes[1][0] == number
        fits = fits and (not recipe.classes or shapes[1][1] == len(recipe.classes))
    elif fits and recipe.outputs == "cells":
        fits = len(shapes[0]) == 2 and shapes[0][0] == number and shapes[0][1] > 5
    elif fits:
        fits = len(shapes[0]) == 2 and shapes[0][1] == 5 and len(shapes[1]) == 1
    if not fits:
        expected = {"points": f"[{number}, 4] and [{number}, {len(recipe.classes) or 'C'}]", "dets": "[N, 5] and [N]"}
        raise ValueError(
            f"{source}: has outputs {', '.join(map(str, shapes))} for each image; a detector of this input size and "
            f"these strides has {expected.get(recipe.outputs, f'[{number}, 5 + C]')}"
        )


def boxes_of_cells(output: np.ndarray, recipe: DetectorRecipe) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (P, 4) in input pixels and scores (P, C) of YOLOX's output (P, 5 + C)."""
    width, height = recipe.input_size
    corners, strides = [], []
    for stride in recipe.strides:
        columns, rows = -(-width // stride), -(-height // stride)
        corners.append(np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2))
        strides.append(np.full((columns * rows, 1), stride))
    stride = np.concatenate(strides).astype(np.float32)
    center = (output[:, :2] + np.concatenate(corners)) * stride
    half = np.exp(np.minimum(output[:, 2:4], 20)) * stride / 2
    return np.concatenate([center - half, center + half], 1).astype(np.float32), output[:, 4:5] * output[:, 5:]


def letterbox(
    image: np.ndarray, size_wh: tuple[int, int], pad_value: float | tuple[float, ...] = 114.0
) -> tuple[np.ndarray, tuple[float, float]]:
    """Resize an image into a canvas, its aspect ratio kept, the rest at right and bottom grey.

    Args:
        image: (H, W, 3) uint8.
        size_wh: width and height of the canvas.
        pad_value: grey level, or B, G, R, of the rest.

    Returns:
        The canvas (h, w, 3) uint8, and canvas pixels per image pixel along x and y.
    """
    import cv2

    height, width = image.shape[:2]
    factor = min(max(size_wh) / max(width, height), min(size_wh) / min(width, height))
    factor = min(factor, size_wh[0] / width, size_wh[1] / height)
    new_w, new_h = max(int(width * factor + 0.5), 1), max(int(height * factor + 0.5), 1)
    canvas = np.full((size_wh[1], size_wh[0], 3), pad_value, np.uint8)
    if (new_w, new_h) != (width, height):
        image = cv2.resize(image, (new_w, new_h), interpolation=cv2.INTER_LINEAR)
    canvas[:new_h, :new_w] = image
    return canvas, (new_w / width, new_h / height)


def class_nms(
    boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, iou_threshold: float, *, most: int | None = None
) -> np.ndarray:
    """Return the indices, best first, of boxes that overlap no better one of their class by more than a threshold.

    Args:
        boxes: (N, 4) xyxy.
        scores: (N,).
        labels: (N,) whole numbers.
        iou_threshold: largest overlap that two boxes may have.
        most: number of boxes after which the search ends; None for all.
    """
    if not len(boxes):
        return np.zeros(0, np.int64)
    if len(boxes) < MANY_BOXES:
        apart = labels.astype(np.float32) * (boxes.max() + np.float32(1))
        return nms(boxes + apart[:, None], scores, iou_threshold, most=most)
    rows = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    best = np.concatenate([row[nms(boxes[row], scores[row], iou_threshold)] for row in rows])
    return best[np.argsort(-scores[best], kind="stable")][:most]


def nms(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float, *, most: int | None = None) -> np.ndarray:
    """Return the indices, best first, of boxes (N, 4) that overlap no better one by more than a threshold.

    Args:
        boxes: (N, 4) xyxy.
        scores: (N,).
        iou_threshold: largest overlap that two boxes may have.
        most: number of boxes after which the search ends; None for all.
    """
    order = np.argsort(-scores, kind="stable")
    low, high = boxes[order, :2], boxes[order, 2:]
    area = np.prod(high - low, axis=1)
    alive, best = np.ones(len(order), bool), []
    for index in range(len(order)):
        if not alive[index]:
            continue
        best.append(index)
        if len(best) == most:
            break
        rest = slice(index + 1, None)
        inner = np.minimum(high[index], high[rest]) - np.maximum(low[index], low[rest])
        shared = np.prod(np.maximum(inner, 0), axis=1)
        # multiplied out, so that boxes without area, 0 / 0, suppress nothing
        alive[rest] &= shared <= iou_threshold * (area[index] + area[rest] - shared)
    return order[best]
