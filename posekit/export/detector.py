"""Detectors as ONNX files: images in, boxes and scores of every point out; NMS is left to the runtime."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from posekit.export.onnx import ParityError, example_input, save_graph
from posekit.inference.config_recipe import prediction_steps, step_name
from posekit.inference.detection import Detector, DetectorRecipe
from posekit.inference.recipe import DETECTOR_KEY
from posekit.models.heads.rtmdet_head import RTMDetSepBNHead

INPUT, OUTPUTS = "images", ["boxes", "scores"]
BOX_TOLERANCE_PX = 1.0
SCORE_TOLERANCE = 1e-2
AGREEING_SHARE = 0.98
"""Share of the model's detections that the file must find: one at a threshold may come or go."""


@dataclass(frozen=True)
class DetectorParity:
    """How far an exported detector is from its original.

    Attributes:
        images: number of images that were compared.
        detections: number of boxes that the model found on them.
        agreeing: share of these that the file found too, within 1 px and 0.01 of the score.
        megabytes: size of the file.
    """

    images: int
    detections: int
    agreeing: float
    megabytes: float

    def __str__(self) -> str:
        return (
            f"{self.megabytes:.1f} MB; of {self.detections} boxes on {self.images} images {100 * self.agreeing:.1f} % "
            f"agree within {BOX_TOLERANCE_PX:g} px"
        )


class DeployedDetector(nn.Module):
    """What an exported graph computes: raw B, G, R images in, boxes and scores out."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes (B, P, 4) in input pixels and scores (B, P, C) of images (B, 3, h, w), 0 ... 255."""
        outputs = self.model.outputs(self.model.data_preprocessor.normalize(images))
        dense = self.model.head.point_outputs(outputs)
        return dense.boxes, dense.confidence


def export_detector(
    model: Any,
    path: str | os.PathLike[str],
    *,
    detect: Callable[[Any, np.ndarray], Any],
    images: Sequence[np.ndarray] | None = None,
    half_weights: bool = False,
) -> DetectorParity:
    """Write a detector as an ONNX file that ``posekit.inference.detection.Detector`` opens.

    The graph takes images (batch, 3, h, w), float32, B, G, R, 0 ... 255, of any number. The file appears at
    ``path`` only after its detections were compared with the model's.

    Args:
        model: detector that ``posekit.apis.init_model`` returned.
        path: file to write.
        detect: what the file is compared with: ``posekit.apis.inference_detector``.
        images: images (H, W, 3), BGR, uint8, to compare on; made-up ones by default.
        half_weights: store weights in 16 bits; they are widened when the file is opened.

    Raises:
        ValueError: if the model's pipeline is not one of a detector.
        ParityError: if the file does not agree with the model; then none is left.
    """
    recipe, target = recipe_of(model), Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.stem}.{os.getpid()}.onnx")
    try:
        write_graph(DeployedDetector(model).eval(), recipe, temporary, half_weights)
        parity = compare(partial(detect, model), temporary, made_up_images() if images is None else images)
        if parity.agreeing < AGREEING_SHARE and not half_weights:
            raise ParityError(f"the exported detector differs from the trained one, so no file was written ({parity})")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return parity


def recipe_of(model: Any) -> DetectorRecipe:
    """Collect what an exported file says about itself.

    Raises:
        ValueError: naming what the test pipeline lacks.
    """
    steps = {step_name(step): step for step in prediction_steps(model.cfg)}
    if "Resize" not in steps or "Pad" not in steps or not steps["Resize"].get("keep_ratio"):
        raise ValueError(
            "only detectors with Resize(keep_ratio=True) and Pad in the test pipeline can be exported; this one has "
            f"{', '.join(steps) or 'no steps'}"
        )
    size = steps["Pad"].get("size") or steps["Resize"]["scale"]
    pad = steps["Pad"].get("pad_val", 0)
    grey = pad.get("img", 0) if isinstance(pad, Mapping) else pad
    distances = isinstance(model.head, RTMDetSepBNHead)
    test_cfg = model.test_cfg
    return DetectorRecipe(
        input_size=(int(size[0]), int(size[1])),
        strides=tuple(stride for stride, _ in model.head.prior_generator.strides_xy),
        classes=tuple((model.dataset_meta or {}).get("classes", ())),
        pad_value=float(grey[0] if isinstance(grey, Sequence) else grey),
        score_thr=float(test_cfg.get("score_thr", 0.05 if distances else 0.01)),
        above=distances,
        several_labels=distances,
        within_input=distances,
        nms_pre=int(test_cfg.get("nms_pre", 0)) if distances else 0,
        min_size=float(test_cfg.get("min_bbox_size", -1)),
        iou_threshold=float(test_cfg.get("nms", {}).get("iou_threshold", 0.65)),
        max_per_img=int(test_cfg.get("max_per_img", 0)),
    )


def write_graph(deployed: DeployedDetector, recipe: DetectorRecipe, path: Path, half_weights: bool) -> None:
    """Trace the network and write it with its recipe."""
    example, metadata = example_input(deployed, recipe.input_size), {DETECTOR_KEY: recipe.to_json()}
    save_graph(deployed, example, path, names=([INPUT], OUTPUTS), metadata=metadata, half_weights=half_weights)


def compare(detect: Callable[[np.ndarray], Any], path: Path, images: Sequence[np.ndarray]) -> DetectorParity:
    """Find boxes in the same images by the model and by the file."""
    exported, total, agreeing = Detector.open(path, threads=1), 0, 0
    for image in images:
        wanted, found = detect(image).pred_instances, exported(image)
        total += len(wanted)
        for box, score, label in zip(wanted.bboxes, wanted.scores, wanted.labels, strict=True):
            near = np.abs(found.boxes - box).max(axis=1, initial=0) <= BOX_TOLERANCE_PX
            agreeing += bool((near & (found.labels == label) & (np.abs(found.scores - score) <= SCORE_TOLERANCE)).any())
    return DetectorParity(len(images), total, agreeing / max(total, 1), path.stat().st_size / 1e6)


def made_up_images(count: int = 4) -> list[np.ndarray]:
    """Return smooth random images of several aspect ratios, which make networks more decided than noise does."""
    rng = np.random.default_rng(0)
    images = []
    for index in range(count):
        coarse = torch.from_numpy(rng.uniform(0, 255, (1, 3, 8, 6)))
        size = (240 + 40 * index, 400 - 30 * index)
        fine = nn.functional.interpolate(coarse, size, mode="bicubic").clamp(0, 255).round()
        images.append(np.ascontiguousarray(fine[0].permute(1, 2, 0).numpy().astype(np.uint8)))
    return images
