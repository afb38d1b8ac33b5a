"""Detectors as ONNX files: images in, boxes and scores of every point out, or what NMS leaves of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from posekit.export.model_file import MMDEPLOY, POSEKIT, check_layout, megabytes, pixels_of_file, write_checked
from posekit.export.nms import append_nms
from posekit.export.onnx import ParityError, example_input, save_graph
from posekit.inference.config_recipe import prediction_steps, step_name
from posekit.inference.detection import Detector, DetectorRecipe
from posekit.inference.recipe import DETECTOR_KEY
from posekit.models.heads.rtmdet_head import RTMDetSepBNHead

INPUT, OUTPUTS = "images", ["boxes", "scores"]
BOX_TOLERANCE_PX = 1.0
SCORE_TOLERANCE = 1e-2
MOST_BOXES = 300
"""Number of boxes of a file with NMS inside whose model has no limit."""
AGREEING_SHARE = 0.98
"""Share of the model's detections that the file must find: one at a threshold may come or go."""


@dataclass(frozen=True)
class DetectorParity:
    """How far an exported detector is from its original.

    Attributes:
        images: number of images that were compared.
        detections: number of boxes that the model found on them.
        agreeing: share of these that the file found too, boxes within 1 px and 0.01 of the score.
        megabytes: size of the file.
        what: boxes, or people.
        tolerance_px: distance within which they agree.
    """

    images: int
    detections: int
    agreeing: float
    megabytes: float
    what: str = "boxes"
    tolerance_px: float = BOX_TOLERANCE_PX

    def __str__(self) -> str:
        return (
            f"{self.megabytes:.1f} MB; of {self.detections} {self.what} on {self.images} images "
            f"{100 * self.agreeing:.1f} % agree within {self.tolerance_px:g} px"
        )


class DeployedDetector(nn.Module):
    """What an exported graph computes: images in, boxes and scores out.

    Args:
        model: detector.
        normalized: whether the images come as the model wants them; else they are B, G, R, 0 ... 255.
    """

    def __init__(self, model: Any, normalized: bool = False) -> None:
        super().__init__()
        self.model = model
        self.normalized = normalized

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes (B, P, 4) in input pixels and scores (B, P, C) of images (B, 3, h, w)."""
        outputs = self.model.outputs(images if self.normalized else self.model.data_preprocessor.normalize(images))
        dense = self.model.head.point_outputs(outputs)
        return dense.boxes, dense.confidence


class DetectorForNms(nn.Module):
    """What NMS takes: boxes cut at the border of the input, and scores by class, where a point may give several.

    Args:
        deployed: model that gives boxes and scores.
        recipe: says what boxes and scores count.
    """

    limits: Tensor

    def __init__(self, deployed: DeployedDetector, recipe: DetectorRecipe) -> None:
        super().__init__()
        self.deployed, self.recipe = deployed, recipe
        self.register_buffer("limits", torch.tensor(recipe.input_size * 2, dtype=torch.float32))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return boxes (B, P, 4) and scores (B, C, P)."""
        boxes, scores = self.deployed(images)
        if self.recipe.within_input:
            boxes = boxes.clamp(min=torch.zeros_like(self.limits), max=self.limits)
        if not self.recipe.several_labels:
            scores = torch.where(scores == scores.amax(-1, keepdim=True), scores, torch.zeros_like(scores))
        return boxes, scores.transpose(1, 2)


def export_detector(
    model: Any,
    path: str | PathLike[str],
    *,
    detect: Callable[[Any, np.ndarray], Any],
    images: Sequence[np.ndarray] | None = None,
    half_weights: bool = False,
    layout: str = POSEKIT,
) -> DetectorParity:
    """Write a detector as an ONNX file that ``posekit.inference.detection.Detector`` opens.

    The graph takes images (batch, 3, h, w), float32, of any number, in the layout ``posekit`` B, G, R, 0 ... 255. The
    file appears at ``path`` only after its detections were compared with the model's.

    Args:
        model: detector that ``posekit.apis.init_model`` returned.
        path: file to write, ``.onnx``, or ``.xml`` for OpenVINO.
        detect: what the file is compared with: ``posekit.apis.inference_detector``.
        images: images (H, W, 3), BGR, uint8, to compare on; made-up ones by default.
        half_weights: store weights in 16 bits; they are widened when the file is opened.
        layout: ``posekit`` for boxes and scores of all points; ``mmdeploy`` for ``dets`` (batch, N, 5) and ``labels``
            (batch, N) after NMS, of images that the caller normalises.

    Raises:
        ValueError: if the model's pipeline is not one of a detector.
        ParityError: if the file does not agree with the model; then none is left.
    """
    check_layout(layout)
    recipe, deployed = recipe_of(model, layout), DeployedDetector(model, layout == MMDEPLOY).eval()

    def check(file: Path) -> DetectorParity:
        parity = compare(partial(detect, model), file, made_up_images() if images is None else images)
        check_agreement(parity, half_weights)
        return parity

    return write_checked(Path(path), lambda file: write_graph(deployed, recipe, file, half_weights), check)


def check_agreement(parity: DetectorParity, half_weights: bool) -> None:
    """Raise ParityError if a file finds too little of what its model finds."""
    if parity.agreeing < AGREEING_SHARE and not half_weights:
        raise ParityError(f"the exported model differs from the trained one, so no file was written ({parity})")


def recipe_of(model: Any, layout: str) -> DetectorRecipe:
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
    size, grey = resized_input(steps["Resize"], steps["Pad"])
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
        outputs="dets" if layout == MMDEPLOY else "points",
        **vars(pixels_of_file(model, layout)),
    )


def resized_input(resize: Mapping[str, Any], pad: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the size (w, h) of the input that these steps make, and the grey level, or B, G, R, beside the image."""
    value = pad.get("pad_val", 0)
    return pad.get("size") or resize["scale"], value.get("img", 0) if isinstance(value, Mapping) else value


def write_graph(deployed: DeployedDetector, recipe: DetectorRecipe, path: Path, half_weights: bool) -> None:
    """Trace the network and write it with its recipe."""
    example, metadata = example_input(deployed, recipe.input_size), {DETECTOR_KEY: recipe.to_json()}
    if recipe.outputs == "dets":
        finish = partial(
            append_nms, iou_threshold=recipe.iou_threshold, score_thr=recipe.score_thr,
            most=recipe.max_per_img or MOST_BOXES,
        )  # fmt: skip
        network, names = DetectorForNms(deployed, recipe).eval(), (["input"], ["boxes", "scores"])
        save_graph(network, example, path, names=names, metadata=metadata, half_weights=half_weights, finish=finish)
    else:
        save_graph(deployed, example, path, names=([INPUT], OUTPUTS), metadata=metadata, half_weights=half_weights)


def compare(detect: Callable[[np.ndarray], Any], path: Path, images: Sequence[np.ndarray]) -> DetectorParity:
    """Find boxes in the same images by the model and by the file."""
    exported, total, agreeing = Detector.open(path, threads=1), 0, 0
    for image in images:
        wanted, detections = detect(image).pred_instances, exported(image)
        total += len(wanted)
        for box, score, label in zip(wanted.bboxes, wanted.scores, wanted.labels, strict=True):
            near = np.abs(detections.boxes - box).max(axis=1, initial=0) <= BOX_TOLERANCE_PX
            alike = (detections.labels == label) & (np.abs(detections.scores - score) <= SCORE_TOLERANCE)
            agreeing += bool((near & alike).any())
    return DetectorParity(len(images), total, agreeing / max(total, 1), megabytes(path))


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
