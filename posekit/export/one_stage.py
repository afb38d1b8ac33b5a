"""Models that find everybody at once, such as RTMO, as ONNX files with NMS inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from posekit.export.detector import DetectorParity, check_agreement, made_up_images, resized_input
from posekit.export.model_file import MMDEPLOY, check_layout, megabytes, pixels_of_file, write_checked
from posekit.export.nms import append_nms
from posekit.export.onnx import KEYPOINT_TOLERANCE_PX, example_input, save_graph
from posekit.inference.config_recipe import prediction_steps, step_name
from posekit.inference.model_file import open_network
from posekit.inference.pose_model import predictor_of_file
from posekit.inference.recipe import ONE_STAGE_KEY, OneStageRecipe, keypoint_set

MOST_POINTS = 500
"""Number of the best points whose poses are computed; people have ten to twenty each."""
MOST_PEOPLE = 200


class DeployedOneStage(nn.Module):
    """What an exported graph computes before NMS: boxes, scores and poses of the best points.

    Args:
        model: with a head of points, such as RTMOHead.
        normalized: whether the images come as the model wants them, not raw.
        size_wh: width and height of the input, at whose border boxes are cut.
    """

    limits: Tensor

    def __init__(self, model: Any, normalized: bool, size_wh: tuple[int, int]) -> None:
        super().__init__()
        self.model = model
        self.normalized = normalized
        self.register_buffer("limits", torch.tensor([*size_wh, *size_wh], dtype=torch.float32))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return boxes (B, P, 4), scores (B, 1, P) and keypoints with scores (B, P, K, 3), in input pixels."""
        head = self.model.head
        inputs = images if self.normalized else self.model.data_preprocessor.normalize(images)
        outputs = head.point_outputs(self.model.outputs(inputs))
        confidence = outputs.confidence.amax(-1)  # (B, all points)
        scores, index = confidence.topk(min(MOST_POINTS, confidence.shape[1]), dim=1)
        boxes = rows(outputs.boxes, index)
        keypoints = self.poses(outputs, index, boxes)
        visible = rows(outputs.visible, index).sigmoid()
        boxes = boxes.clamp(min=torch.zeros_like(self.limits), max=self.limits)
        return boxes, scores[:, None], torch.cat([keypoints, visible[..., None]], -1)

    def poses(self, outputs: Any, index: Tensor, boxes: Tensor) -> Tensor:
        """Return the keypoints (B, P, K, 2) of points (B, P)."""
        head = self.model.head
        if outputs.poses is None:
            flat = rows(outputs.keypoints.flatten(2), index)
            return flat.unflatten(-1, (-1, 2))
        parts = (rows(outputs.poses, index), head.regions(boxes), outputs.points[index][..., :2])
        return head.dcc(*(part.flatten(0, 1) for part in parts))[0].unflatten(0, index.shape)


def rows(values: Tensor, index: Tensor) -> Tensor:
    """Return the rows (B, N, D) of values (B, P, D) at an index (B, N)."""
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[-1]))


def export_one_stage(
    model: Any,
    path: str | PathLike[str],
    *,
    find: Callable[[Any, np.ndarray], Any],
    images: Sequence[np.ndarray] | None = None,
    layout: str = MMDEPLOY,
    card: Mapping[str, Any] | None = None,
    half_weights: bool = False,
) -> DetectorParity:
    """Write a model that finds everybody at once as an ONNX file that ``posekit.Pose`` opens.

    The graph takes images (batch, 3, h, w) of any number and gives ``dets`` (batch, N, 5) and ``keypoints``
    (batch, N, K, 3) in input pixels. The file appears at ``path`` only after it was compared with the model.

    Args:
        model: what ``posekit.apis.init_model`` returned.
        path: file to write, ``.onnx``, or ``.xml`` for OpenVINO.
        find: what the file is compared with: ``posekit.apis.inference_bottomup``.
        images: images (H, W, 3), BGR, uint8, to compare on; made-up ones by default.
        layout: ``posekit`` for raw pixels, ``mmdeploy`` for pixels as the model wants them.
        card: what the model was trained on and reaches; kept in the file.
        half_weights: store weights in 16 bits; they are widened when the file is opened.

    Raises:
        ValueError: if the model's pipeline does not fit the whole image into the input.
        ParityError: if the file does not agree with the model; then none is left.
    """
    check_layout(layout)
    recipe = recipe_of(model, layout, card or {})

    def check(file: Path) -> DetectorParity:
        parity = compare(partial(find, model), file, made_up_images() if images is None else images)
        check_agreement(parity, half_weights)
        return parity

    return write_checked(Path(path), lambda file: write_graph(model, recipe, file, layout, half_weights), check)


def recipe_of(model: Any, layout: str, card: Mapping[str, Any]) -> OneStageRecipe:
    """Collect what an exported file says about itself.

    Raises:
        ValueError: naming what the test pipeline lacks.
    """
    steps = {step_name(step): step for step in prediction_steps(model.cfg)}
    resize, corner = steps.get("BottomupResize", {}), steps.get("Resize", {})
    if corner.get("keep_ratio") and "Pad" in steps:
        size, border = resized_input(corner, steps["Pad"])
    elif (
        resize and resize.get("resize_mode", "fit") == "fit" and not (resize.get("use_udp") or resize.get("aug_scales"))
    ):
        size, border = resize["input_size"], resize.get("pad_val", 0)
    else:
        raise ValueError(
            "only bottom-up models with BottomupResize(resize_mode='fit'), without use_udp and aug_scales, or with "
            "Resize(keep_ratio=True) and Pad in the test pipeline can be exported; this one has "
            f"{', '.join(steps) or 'no steps'}"
        )
    return OneStageRecipe(
        input_size=(int(size[0]), int(size[1])),
        at_corner=bool(corner),
        border_value=tuple(map(float, border)) if isinstance(border, (list, tuple)) else float(border),  # pyright: ignore
        score_thr=float(model.test_cfg.get("score_thr", 0.01)),
        iou_threshold=float(model.test_cfg.get("nms_thr", 1.0)),
        card=dict(card),
        **keypoint_set(model.dataset_meta),
        **vars(pixels_of_file(model, layout)),
    )


def write_graph(model: Any, recipe: OneStageRecipe, path: Path, layout: str, half_weights: bool) -> None:
    """Trace the network, let it suppress its repeats, and write it with its recipe."""
    deployed = DeployedOneStage(model, layout == MMDEPLOY, recipe.input_size).eval()
    finish = partial(
        append_nms, iou_threshold=recipe.iou_threshold, score_thr=recipe.score_thr, most=MOST_PEOPLE,
        gathered=("keypoints",), labels=False,
    )  # fmt: skip
    save_graph(
        deployed, example_input(deployed, recipe.input_size), path,
        names=(["input"], ["boxes", "scores", "keypoints_all"]), metadata={ONE_STAGE_KEY: recipe.to_json()},
        half_weights=half_weights, finish=finish,
    )  # fmt: skip


def compare(find: Callable[[np.ndarray], Any], path: Path, images: Sequence[np.ndarray]) -> DetectorParity:
    """Find people in the same images by the model and by the file."""
    network: Any = open_network(path, threads=1)
    predictor, total, agreeing = predictor_of_file(network), 0, 0
    for image in images:
        (sample,), (exported,) = find(image), predictor.predict([image])
        wanted = sample.pred_instances
        total += len(wanted)
        for keypoints in wanted.keypoints:
            distances = np.linalg.norm(exported.keypoints - keypoints, axis=-1).max(axis=1, initial=0)
            agreeing += bool((distances <= KEYPOINT_TOLERANCE_PX).any())
    return DetectorParity(
        len(images), total, agreeing / max(total, 1), megabytes(path), "people", KEYPOINT_TOLERANCE_PX
    )
