"""Top-down models as ONNX files that say all about themselves, and proof that both give the same keypoints."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from posekit.export.model_file import MMDEPLOY, POSEKIT, check_layout, megabytes, pixels_of_file, write_checked
from posekit.inference.config_recipe import recipe_of
from posekit.inference.networks.base import as_wanted
from posekit.inference.networks.exported import ExportedNetwork
from posekit.inference.recipe import METADATA_KEY, Recipe
from posekit.models.heads.integral_regression_head import IntegralRegressionHead
from posekit.structures.instance_data import InstanceData

INPUT = "crops"
OPSET = 18
KEYPOINT_TOLERANCE_PX = 0.5
SCORE_TOLERANCE = 0.02
"""Largest difference of a keypoint's score, relative to the highest score, and of its visibility."""
AGREEING_SHARE = 0.99
"""This share of keypoints must lie within the tolerances: two nearly equal maxima may change places."""

OUTPUT_TOLERANCE = {False: 1e-3, True: 3e-2}
"""Largest difference of outputs, relative to the largest output, for full and for half-precision weights."""

TALKATIVE = ("torch.onnx", "torch.export", "torch._dynamo", "onnxscript", "onnx_ir")
"""Loggers of the exporter, which tell about itself."""

SMALLEST_HALF = 256
"""Weights with fewer numbers stay in full precision: they hardly cost space, and biases matter more."""


class ParityError(ValueError):
    """The exported file does not do what the model does."""


@dataclass(frozen=True)
class Parity:
    """How far an exported model is from its original.

    Attributes:
        crops: inputs that were compared.
        output_error: largest difference of outputs, relative to the largest output.
        keypoint_max_px: largest distance between decoded keypoints, in input pixels.
        keypoint_mean_px: mean distance.
        score_error: largest difference of their scores, relative to the highest, and of their visibilities.
        agreeing: share of keypoints within 0.5 px whose score and visibility agree within 0.02.
        megabytes: size of the file.
    """

    crops: int
    output_error: float
    keypoint_max_px: float
    keypoint_mean_px: float
    score_error: float
    agreeing: float
    megabytes: float

    def __str__(self) -> str:
        return (
            f"{self.megabytes:.1f} MB; on {self.crops} crops outputs differ by {self.output_error:.1e} of their peak, "
            f"keypoints by {self.keypoint_mean_px:.4f} px on average and {self.keypoint_max_px:.3f} px at most, "
            f"scores by {self.score_error:.1e}, {100 * self.agreeing:.1f} % agree within {KEYPOINT_TOLERANCE_PX} px"
        )


class Deployed(nn.Module):
    """What an exported graph computes: crops in, what the decoder takes out.

    Args:
        model: top-down pose estimator.
        normalized: whether the crops come as the model wants them; else they are B, G, R, 0 ... 255.
    """

    def __init__(self, model: Any, normalized: bool = False) -> None:
        super().__init__()
        self.model = model
        self.normalized = normalized

    def forward(self, crops: Tensor) -> Any:
        """Run backbone, neck and head on crops (B, 3, h, w)."""
        inputs = crops if self.normalized else self.model.data_preprocessor.normalize(crops)
        outputs = self.model.head.decodable(self.model.outputs(inputs))
        return outputs[0] if isinstance(self.model.head, IntegralRegressionHead) else outputs


def export_onnx(
    model: Any,
    path: str | PathLike[str],
    *,
    half_weights: bool = False,
    card: Mapping[str, Any] | None = None,
    crops: np.ndarray | None = None,
    layout: str = POSEKIT,
) -> Parity:
    """Write a trained top-down model as a file that ``posekit.Pose`` opens.

    The graph takes crops (batch, 3, h, w), float32, of any number, in the layout ``posekit`` B, G, R, 0 ... 255. The
    file appears at ``path`` only after it was compared with the model.

    Args:
        model: what ``posekit.apis.init_model`` returned.
        path: file to write, ``.onnx``, or ``.xml`` for OpenVINO.
        half_weights: store weights in 16 bits; they are widened when the file is opened.
        card: what the model was trained on and reaches; kept in the file.
        crops: (N, 3, h, w) inputs to compare with, B, G, R, 0 ... 255; by default made-up ones.
        layout: ``posekit`` or ``mmdeploy``, whose crops are normalised by the caller.

    Returns:
        How well file and model agree.

    Raises:
        ValueError: if the model is not one that can be exported.
        ParityError: if the file does not agree with the model; then none is left.
    """
    check_layout(layout)
    recipe = replace(exported_recipe(model, card or {}), **vars(pixels_of_file(model, layout)))
    deployed = Deployed(model, normalized=layout == MMDEPLOY).eval()
    crops = made_up_crops(recipe) if crops is None else crops

    def check(file: Path) -> Parity:
        parity = compare(deployed, file, crops)
        check_parity(parity, half_weights)
        return parity

    return write_checked(Path(path), lambda file: write_graph(deployed, recipe, file, half_weights), check)


def exported_recipe(model: Any, card: Mapping[str, Any]) -> Recipe:
    """Collect what an exported file says about itself.

    Raises:
        ValueError: naming what the config lacks.
    """
    recipe = recipe_of(model.cfg, model.dataset_meta, card)
    mode = model.test_cfg.get("mode", "3d")
    if mode != "3d":
        raise ValueError(
            f"model.test_cfg.mode: '{mode}'; an exported model gives keypoints in the camera's space: '3d'"
        )
    if not recipe.codec:
        raise ValueError("the config's model.head has no decoder, so the exported model could not find keypoints")
    return recipe


def write_graph(deployed: Deployed, recipe: Recipe, path: Path, half_weights: bool) -> None:
    """Trace the network and write it with its metadata."""
    example = example_input(deployed, recipe.input_size)
    with torch.no_grad():
        outputs = output_names(deployed(example), recipe)
    names = ([INPUT if not deployed.normalized else "input"], outputs)
    save_graph(
        deployed, example, path, names=names, metadata={METADATA_KEY: recipe.to_json()}, half_weights=half_weights
    )


def example_input(network: nn.Module, size_wh: tuple[int, int]) -> Tensor:
    """Return two black images (2, 3, h, w) where the network lies."""
    width, height = size_wh
    return torch.zeros(2, 3, height, width, device=next(network.parameters()).device)


def save_graph(
    network: nn.Module,
    example: Tensor,
    path: Path,
    *,
    names: tuple[list[str], list[str]],
    metadata: dict[str, str],
    half_weights: bool,
    finish: Callable[[Any], None] | None = None,
    dynamic: Mapping[int, Any] | None = None,
) -> None:
    """Trace a network and write it as an ONNX file that takes batches of any size.

    Args:
        network: network that takes one batch.
        example: such a batch.
        path: file to write.
        names: names of the inputs and of the outputs.
        metadata: texts that the file keeps.
        half_weights: store weights in 16 bits; they are widened when the file is opened.
        finish: changes the graph before it is written.
        dynamic: dimensions of the input whose size may vary, beside the first, as ``torch.export.Dim``.
    """
    import onnx

    with quiet(), torch.no_grad():
        program = torch.onnx.export(
            network,
            (example,),
            input_names=names[0],
            output_names=names[1],
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=4096), **(dynamic or {})},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    graph = program.model_proto
    if graph.graph.input[0].type.tensor_type.shape.dim[0].HasField("dim_value"):
        raise ValueError("the model computes only batches of one size; something in it reads the batch's length")
    forget_origin(graph)
    if finish is not None:
        finish(graph)
    if half_weights:
        halve_weights(graph)
    onnx.helper.set_model_props(graph, metadata)
    graph.producer_name = "posekit"
    graph.ir_version = onnx.helper.find_min_ir_version_for(graph.opset_import)  # so that older runtimes open it
    onnx.save(graph, str(path))


def forget_origin(graph: Any) -> None:
    """Remove the exporter's notes, which hold the paths of this machine's source files; in place."""
    for part in (graph.graph, *graph.graph.node, *graph.graph.value_info, *graph.functions):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for function in graph.functions:
        for node in function.node:
            node.ClearField("metadata_props")
            node.ClearField("doc_string")


def output_names(outputs: Any, recipe: Recipe) -> list[str]:
    """Name one output "output", rows of bins "simcc_x", "simcc_y" and "simcc_z", others "output_0", "output_1" ..."""
    if recipe.codec.get("type") in ("SimCCLabel", "SimCC3DLabel"):
        return [f"simcc_{axis}" for axis, _ in zip("xyz", outputs, strict=False)]
    return ["output"] if isinstance(outputs, Tensor) else [f"output_{i}" for i in range(len(outputs))]


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the exporter, whose warnings are about itself."""
    loggers = [logging.getLogger(name) for name in TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def halve_weights(graph: Any) -> None:
    """Store the weights of a model in 16 bits, each widened by a Cast when the file is opened; in place."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in graph.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims, dtype=np.int64) < SMALLEST_HALF:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = list(graph.graph.node)
    del graph.graph.node[:]
    graph.graph.node.extend([*casts, *nodes])


def made_up_crops(recipe: Recipe, count: int = 16) -> np.ndarray:
    """Return smooth random images (N, 3, h, w), which make networks more decided than noise does."""
    width, height = recipe.input_size
    coarse = np.random.default_rng(0).uniform(0, 255, (count, 3, 8, 6)).astype(np.float32)
    fine = nn.functional.interpolate(torch.from_numpy(coarse), (height, width), mode="bicubic")
    return fine.clamp(0, 255).round().numpy()


def compare(deployed: Deployed, path: Path, crops: np.ndarray) -> Parity:
    """Run the model and the file on the same crops."""
    exported = ExportedNetwork.open(path, threads=1)
    crops = as_wanted(crops.astype(np.float32), exported.recipe)
    device = next(deployed.parameters()).device
    with torch.no_grad():
        wanted = deployed(torch.from_numpy(np.ascontiguousarray(crops)).to(device))
    wanted = tuple(output.cpu().numpy() for output in ((wanted,) if isinstance(wanted, Tensor) else wanted))
    outputs = exported.compute(crops)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    largest = max(max(float(np.abs(output).max()) for output in wanted), 1e-12)
    error = max(float(np.abs(a - b).max()) for a, b in zip(wanted, outputs, strict=True)) / largest
    first, second = (InstanceData.cat(exported.decode(output)) for output in (wanted, outputs))
    distances = np.linalg.norm(first.keypoints[..., :2] - second.keypoints[..., :2], axis=-1)
    score_errors = differences(first, second)
    agree = (distances <= KEYPOINT_TOLERANCE_PX) & (score_errors <= SCORE_TOLERANCE)
    return Parity(
        crops=len(crops),
        output_error=error,
        keypoint_max_px=float(distances.max()),
        keypoint_mean_px=float(distances.mean()),
        score_error=float(score_errors.max()),
        agreeing=float(agree.mean()),
        megabytes=megabytes(path),
    )


def differences(first: InstanceData, second: InstanceData) -> np.ndarray:
    """Return how far scores, relative to the highest, or visibilities (N, K) differ, whichever differ more."""
    highest = max(float(np.abs(first.keypoint_scores).max()), 1e-12)
    scores = np.abs(first.keypoint_scores - second.keypoint_scores) / highest
    if "keypoints_visible" not in first:
        return scores
    return np.maximum(scores, np.abs(first.keypoints_visible - second.keypoints_visible))


def check_parity(parity: Parity, half_weights: bool) -> None:
    """Raise ParityError if a file is too far from its model."""
    limit = OUTPUT_TOLERANCE[half_weights]
    if not parity.output_error <= limit or (parity.agreeing < AGREEING_SHARE and not half_weights):
        raise ParityError(
            f"the exported model differs from the trained one, so no file was written ({parity}); allowed are "
            f"{limit:g} of the maximum, and {100 * AGREEING_SHARE:g} % of the keypoints must agree"
        )
