"""Which detector finds the boxes for an inferencer's model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posekit.apis.boxes import open_detector
from posekit.inference.config_recipe import prediction_dataset
from posekit.inference.detection import Detector
from posekit.inference.people import DEFAULT_DETECTOR, PEOPLE, WHOLE, BoxFinder, DetectedPeople
from posekit.registry import strip_scope
from posekit.registry.index import INDEX

WHOLE_IMAGE = ("whole_image", "whole-image", WHOLE)
ANIMALS = tuple(range(15, 24))
"""The animals among COCO's 80 classes: cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe (bird is 14)."""

DETECTORS: dict[str, tuple[str, tuple[int, ...] | None]] = {
    **dict.fromkeys(("human", "body", "wholebody", "body3d", PEOPLE), (PEOPLE, None)),
    "hand": ("rtmdet-nano-hand", (0,)),
    "face": ("yolox-face", (0,)),
    "animal": ("rtmdet-m", ANIMALS),
}
"""Detectors by what they find, with the numbers of their classes; people are found by posekit's own."""

KINDS = {"mpii": "body", "posetrack18_video": "body", "ubody3d": "body", "interhand": "hand"}
"""What the datasets of modules show that are not named after it."""


def kind_of(config: Mapping[str, Any]) -> str:
    """Return what a config's data show: body, wholebody, hand, face, animal or another word; nothing if unknown."""
    kind = config.get("dataset_type")
    if not kind:
        try:
            kind = prediction_dataset(config).get("type", "")
        except ValueError:
            return ""
    name = strip_scope(kind) if isinstance(kind, str) else getattr(kind, "__name__", "")
    module = INDEX["DATASETS"].get(name, "").partition(":")[0].rpartition(".")[2]
    return KINDS.get(module, module)


def find_boxes_of(
    kind: str,
    det_model: Any = None,
    det_weights: str | None = None,
    det_cat_ids: int | Sequence[int] | None = None,
    device: str = "auto",
) -> BoxFinder | None:
    """Return the detector for images of one kind; None if each image is one box.

    Args:
        kind: as ``kind_of`` tells.
        det_model: ``whole_image`` for none, one of ``DETECTORS``, a released detector, an exported one, or a config;
            None for what suits the kind.
        det_weights: path or URL of the weights of a config.
        det_cat_ids: numbers of the classes whose boxes count.
        device: device that it runs on.

    Raises:
        ValueError: if it is no detector.
        DownloadError: if released weights can be had from nowhere.
    """
    name = det_model or (kind if kind in DETECTORS else WHOLE)
    if name in WHOLE_IMAGE:
        return None
    labels = [det_cat_ids] if isinstance(det_cat_ids, int) else det_cat_ids
    if name in DETECTORS and not Path(name).exists():
        name, own_labels = DETECTORS[name]
        labels = own_labels if labels is None else labels
    if name == PEOPLE:
        return Detector.open(DEFAULT_DETECTOR)
    return open_detector(name, det_weights, device=device, labels=labels)


class BoxesOrWhole(DetectedPeople):
    """Prepares a crop of each box that a detector finds, of the whole image where it finds none."""

    def boxes_in(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        boxes, scores = super().boxes_in(image)
        if len(boxes):
            return boxes, scores
        height, width = image.shape[:2]
        return np.array([[0.0, 0, width, height]]), np.ones(1)


def settle_boxes(predictor: Any, finder: BoxFinder | None) -> None:
    """Let a top-down predictor find its boxes itself."""
    if finder is not None:
        predictor.prepare = BoxesOrWhole(predictor.prepare, finder)
