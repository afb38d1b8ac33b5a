"""Lifters as ONNX files: sequences of keypoints in, joints out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from posekit.array import plain
from posekit.export.model_file import POSEKIT, check_layout, megabytes, write_checked
from posekit.export.onnx import ParityError, save_graph
from posekit.inference.config_recipe import prediction_dataset, step_name
from posekit.inference.lifter_recipe import LifterRecipe, Windows
from posekit.inference.model_file import open_lifter
from posekit.inference.networks.exported import build_codec
from posekit.inference.recipe import LIFTER_KEY, keypoint_set
from posekit.inference.results import PoseResult
from posekit.inference.sequence_inputs import SequenceInputs

INPUT, OUTPUT = "keypoints", "joints"
JOINT_TOLERANCE_MM = {False: 1.0, True: 20.0}
"""Largest distance between joints of the model and of the file, for full and for half-precision weights."""
TOLD = ("target_root", "camera_param", "factor")
"""What decoders of lifters may learn of a window."""
IMAGE_SIZE = (1000, 1000)

Lift = Callable[[Sequence[PoseResult]], Sequence[PoseResult]]


@dataclass(frozen=True)
class LifterParity:
    """How far an exported lifter is from its original.

    Attributes:
        frames: number of frames that were compared.
        joint_max_mm: largest distance between joints.
        joint_mean_mm: mean distance.
        megabytes: size of the file.
    """

    frames: int
    joint_max_mm: float
    joint_mean_mm: float
    megabytes: float

    def __str__(self) -> str:
        return (
            f"{self.megabytes:.1f} MB; on {self.frames} frames joints differ by {self.joint_mean_mm:.4f} mm on average "
            f"and {self.joint_max_mm:.3f} mm at most"
        )


class DeployedLifter(nn.Module):
    """What an exported graph computes: keypoints as the codec encodes them in, what the codec decodes out.

    Args:
        model: lifter.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, keypoints: Tensor) -> Tensor:
        """Run backbone, neck and head; a branch for the root's position is left out."""
        head = self.model.head
        return head.decodable(head(self.model.extract_feat(keypoints)))


def export_lifter(
    model: Any,
    path: str | PathLike[str],
    *,
    lift: Lift,
    half_weights: bool = False,
    card: Mapping[str, Any] | None = None,
    layout: str = POSEKIT,
) -> LifterParity:
    """Write a lifter as a file that ``posekit predict --lift`` opens.

    The file appears at ``path`` only after its joints were compared with the model's.

    Args:
        model: lifter that ``posekit.apis.init_model`` returned.
        path: file to write, ``.onnx``, or ``.xml`` for OpenVINO.
        lift: what the file is compared with: the method ``predict`` of ``posekit.apis.inference.lifter_of(model)``.
        half_weights: store weights in 16 bits; they are widened when the file is opened.
        card: what the model was trained on and reaches; kept in the file.
        layout: ``posekit``; others have no lifters.

    Raises:
        ValueError: if the config does not tell how windows are prepared, or for another layout.
        ParityError: if the file does not agree with the model; then none is left.
    """
    check_layout(layout)
    if layout != POSEKIT:
        raise ValueError(f"layout '{layout}': is of models that take images; lifters have '{POSEKIT}' alone")
    recipe = recipe_of(model, card or {})

    def check(file: Path) -> LifterParity:
        parity = compare(lift, file, recipe)
        check_parity(parity, half_weights)
        return parity

    return write_checked(Path(path), lambda file: write_graph(model, recipe, file, half_weights), check)


def recipe_of(model: Any, card: Mapping[str, Any]) -> LifterRecipe:
    """Collect what an exported file says about itself.

    Raises:
        ValueError: naming what the test pipeline lacks.
    """
    dataset = prediction_dataset(model.cfg)
    steps = {step_name(step): step for step in dataset["pipeline"]}
    codec = (model.cfg["model"].get("head") or {}).get("decoder")
    if set(steps) != {"GenerateTarget", "PackPoseInputs"} or not codec:
        raise ValueError(
            "only lifters with a head.decoder and the test pipeline GenerateTarget, PackPoseInputs can be exported; "
            f"this one has {', '.join(steps)}"
        )
    if plain(steps["GenerateTarget"]["encoder"]) != plain(codec):
        raise ValueError(
            "the encoder of GenerateTarget in the test pipeline is not the model's head.decoder; an exported lifter "
            "has one codec for both"
        )
    told = steps["PackPoseInputs"].get("meta_keys", ())
    return LifterRecipe(
        codec=plain(codec),
        meta_keys=tuple(name for name in TOLD if name in told),
        flip_test=bool(model.test_cfg.get("flip_test", False)),
        shift_coords=bool(model.test_cfg.get("shift_coords", True)),
        card=plain(dict(card)),
        **vars(Windows.of_dataset(dataset)),
        **keypoint_set(model.dataset_meta),
    )


def write_graph(model: Any, recipe: LifterRecipe, path: Path, half_weights: bool) -> None:
    """Trace the network and write it with its recipe."""
    deployed = DeployedLifter(model).eval()
    device = next(deployed.parameters()).device
    prepare = SequenceInputs(recipe, build_codec(recipe.codec, "model.head.decoder"))
    sequence, _ = prepare(np.zeros((recipe.length, len(recipe.names), 2), np.float32), IMAGE_SIZE)
    example = torch.from_numpy(np.stack([sequence] * 2)).to(device)
    frames = {1: torch.export.Dim("frames", min=1, max=recipe.length)} if recipe.whole else {}
    save_graph(
        deployed, example, path, names=([INPUT], [OUTPUT]), metadata={LIFTER_KEY: recipe.to_json()},
        half_weights=half_weights, dynamic=frames,
    )  # fmt: skip


def compare(lift: Lift, path: Path, recipe: LifterRecipe) -> LifterParity:
    """Lift the same persons by the model and by the file: a video of more than one window, and a single frame."""
    exported, differences = open_lifter(path, threads=1), []
    videos = [made_up_persons(recipe, frames) for frames in (recipe.length + 3, 1)]
    for video in videos:
        for wanted, joints in zip(lift(video), exported.predict(video), strict=True):
            differences.append(np.linalg.norm(wanted.keypoints - joints.keypoints, axis=-1) * 1000)
    distances = np.concatenate(differences)
    return LifterParity(sum(map(len, videos)), float(distances.max()), float(distances.mean()), megabytes(path))


def made_up_persons(recipe: LifterRecipe, frames: int, persons: int = 2) -> list[PoseResult]:
    """Return the poses of persons who walk through a video, their keypoints at random places that sway."""
    rng, skeleton = np.random.default_rng(0), recipe.metainfo()
    count = len(recipe.names)
    places, phases = rng.uniform(200, 800, (persons, count, 2)), rng.uniform(0, 6, (persons, count, 2))
    scores = np.full((persons, count), 0.9, np.float32)
    return [
        PoseResult((places + 40 * np.sin(phases + frame / 5)).astype(np.float32), scores, skeleton, IMAGE_SIZE)
        for frame in range(frames)
    ]


def check_parity(parity: LifterParity, half_weights: bool) -> None:
    """Raise ParityError if a file is too far from its model."""
    limit = JOINT_TOLERANCE_MM[half_weights]
    if not parity.joint_max_mm <= limit:
        raise ParityError(
            f"the exported model differs from the trained one, so no file was written ({parity}); allowed are "
            f"{limit:g} mm"
        )
