"""Boxes of objects by an exported detector, with numpy alone around the network.

Boxes are xyxy in pixels and count from the corner of the image, so that a whole image is (0, 0, w, h).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

METADATA_KEY = "posekit_detector"
"""Under this name a detector's ONNX file holds its recipe as JSON text."""
FORMAT = 1
MANY_BOXES = 10_000
"""Number of boxes from which NMS looks at each class by itself."""


class DetectionNetwork(Protocol):
    """Computes boxes (B, P, 4) in input pixels and scores (B, P, C) of images (B, 3, h, w) float32, BGR, 0 ... 255."""

    def run(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...


class Detections(NamedTuple):
    """What one image shows, best first: boxes (N, 4) xyxy in image pixels, scores (N,), labels (N,)."""

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class DetectorRecipe:
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
    """

    input_size: tuple[int, int]
    strides: tuple[int, ...]
    classes: tuple[str, ...] = ()
    pad_value: float = 114.0
    score_thr: float = 0.05
    above: bool = True
    several_labels: bool = True
    within_input: bool = True
    nms_pre: int = 0
    min_size: float = -1.0
    iou_threshold: float = 0.65
    max_per_img: int = 0

    def to_json(self) -> str:
        """Return everything as one line of JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)})

    @classmethod
    def from_json(cls, text: str, *, source: str) -> DetectorRecipe:
        """Read what ``to_json`` wrote.

        Raises:
            ValueError: naming ``source`` and what is wrong.
        """
        try:
            content = json.loads(text)
        except ValueError as error:
            raise ValueError(f"{source}: its detector metadata is not readable as JSON ({error})") from error
        names = {field.name for field in fields(cls)}
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT or set(content) != names:
            raise ValueError(f"{source}: its detector metadata is not of format {FORMAT}; export it again")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in content.items()
        }
        return cls(**values)


class Detector:
    """Finds boxes in images.

    Args:
        network: what computes boxes and scores.
        recipe: how images go in and boxes come out.
    """

    def __init__(self, network: DetectionNetwork, recipe: DetectorRecipe) -> None:
        self.network = network
        self.recipe = recipe

    @classmethod
    def open(cls, path: str | Path, *, threads: int | None = None, providers: Sequence[Any] | None = None) -> Detector:
        """Open a file that ``posekit.export.detector.export_detector`` wrote.

        Args:
            path: ONNX file.
            threads: number of threads ONNX Runtime may use; all by default.
            providers: ONNX Runtime's providers in order of preference; the CPU by default.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is no detector that posekit exported.
        """
        network = OnnxDetection(Path(path), threads, providers or ("CPUExecutionProvider",))
        return cls(network, network.recipe)

    def __call__(self, image: np.ndarray) -> Detections:
        """Find the boxes in an image (H, W, 3), BGR, uint8."""
        return self.detect([image])[0]

    def detect(self, images: Sequence[np.ndarray]) -> list[Detections]:
        """Find the boxes in images (H, W, 3), BGR, uint8, of any sizes, in one run of the network."""
        if not images:
            return []
        width, height = self.recipe.input_size
        batch = np.empty((len(images), 3, height, width), np.float32)
        scales = []
        for planes, image in zip(batch, images, strict=True):
            canvas, scale_xy = letterbox(image, (width, height), self.recipe.pad_value)
            planes[:] = canvas.transpose(2, 0, 1)
            scales.append(scale_xy)
        boxes, scores = self.network.run(batch)
        return [self.decode(*one) for one in zip(boxes, scores, scales, strict=True)]

    def decode(self, boxes: np.ndarray, scores: np.ndarray, scale_xy: tuple[float, float]) -> Detections:
        """Choose the detections among boxes (P, 4) in input pixels and scores (P, C) of one image.

        Args:
            boxes: in input pixels.
            scores: of each class.
            scale_xy: input pixels per image pixel.
        """
        recipe = self.recipe
        points, labels, values = self.candidates(scores)
        chosen = boxes[points]
        if recipe.within_input:
            chosen = np.clip(chosen, 0, np.tile(np.array(recipe.input_size, np.float32), 2))
        chosen = (chosen * np.tile(1 / np.array(scale_xy), 2)).astype(np.float32)
        if recipe.min_size >= 0:
            large = ((chosen[:, 2:] - chosen[:, :2]) > recipe.min_size).all(axis=1)
            chosen, labels, values = chosen[large], labels[large], values[large]
        best = class_nms(chosen, values, labels, recipe.iou_threshold)
        best = best[: recipe.max_per_img or len(best)]
        return Detections(chosen[best], values[best], labels[best])

    def candidates(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return points, labels and scores (N,) of all that scores (P, C) let pass."""
        thr = self.recipe.score_thr
        passes = scores > thr if self.recipe.above else scores >= thr
        if not self.recipe.several_labels:
            passes &= np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None]
        points, labels = np.nonzero(passes)
        values = scores[points, labels]
        if not self.recipe.nms_pre:
            return points, labels, values
        width, height = self.recipe.input_size
        ends = np.cumsum([-(-width // stride) * -(-height // stride) for stride in self.recipe.strides])
        level = np.searchsorted(ends, points, side="right")
        kept = []
        for index in range(len(ends)):
            rows = np.flatnonzero(level == index)
            kept.append(rows[np.argsort(-values[rows], kind="stable")[: self.recipe.nms_pre]])
        rows = np.concatenate(kept)
        return points[rows], labels[rows], values[rows]


class OnnxDetection:
    """A detector on ONNX Runtime.

    Args:
        path: file that ``export_detector`` wrote.
        threads: number of threads; None for all.
        providers: ONNX Runtime's providers in order of preference.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no detector that posekit exported.
    """

    def __init__(self, path: Path, threads: int | None, providers: Sequence[Any]) -> None:
        from posekit.inference.networks.onnx import open_session

        self.session = open_session(path, threads, providers)
        text = self.session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if text is None:
            raise ValueError(f"{path}: has no metadata of a detector; posekit opens detectors that it exported")
        self.recipe = DetectorRecipe.from_json(text, source=str(path))
        self.input_name = self.session.get_inputs()[0].name

    def run(self, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return boxes (B, P, 4) and scores (B, P, C)."""
        outputs: Any = self.session.run(None, {self.input_name: batch})
        return outputs[0], outputs[1]


def letterbox(
    image: np.ndarray, size_wh: tuple[int, int], pad_value: float = 114.0
) -> tuple[np.ndarray, tuple[float, float]]:
    """Resize an image into a canvas, its aspect ratio kept, the rest at right and bottom grey.

    Args:
        image: (H, W, 3) uint8.
        size_wh: of the canvas.
        pad_value: grey level of the rest.

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


def class_nms(boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, iou_threshold: float) -> np.ndarray:
    """Return the indices, best first, of boxes that overlap no better one of their class by more than a threshold.

    Args:
        boxes: (N, 4) xyxy.
        scores: (N,).
        labels: (N,) whole numbers.
        iou_threshold: largest overlap that two boxes may have.
    """
    if not len(boxes):
        return np.zeros(0, np.int64)
    if len(boxes) < MANY_BOXES:
        apart = labels.astype(np.float32) * (boxes.max() + np.float32(1))
        return nms(boxes + apart[:, None], scores, iou_threshold)
    rows = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    best = np.concatenate([row[nms(boxes[row], scores[row], iou_threshold)] for row in rows])
    return best[np.argsort(-scores[best], kind="stable")]


def nms(boxes: np.ndarray, scores: np.ndarray, iou_threshold: float) -> np.ndarray:
    """Return the indices, best first, of boxes (N, 4) that overlap no better one by more than a threshold."""
    order = np.argsort(-scores, kind="stable")
    low, high = boxes[order, :2], boxes[order, 2:]
    area = np.prod(high - low, axis=1)
    alive, best = np.ones(len(order), bool), []
    for index in range(len(order)):
        if not alive[index]:
            continue
        best.append(index)
        rest = slice(index + 1, None)
        inner = np.minimum(high[index], high[rest]) - np.maximum(low[index], low[rest])
        shared = np.prod(np.maximum(inner, 0), axis=1)
        # multiplied out, so that boxes without area, 0 / 0, suppress nothing
        alive[rest] &= shared <= iou_threshold * (area[index] + area[rest] - shared)
    return order[best]
