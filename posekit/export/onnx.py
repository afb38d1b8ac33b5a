"""Top-down models as ONNX files that say all about themselves, and proof that both give the same keypoints."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from posekit.array import plain
from posekit.models.heads.integral_regression_head import IntegralRegressionHead
from posekit.runtime.model_info import METADATA_KEY, ModelInfo, keypoint_set
from posekit.runtime.pose_model import PoseModel

INPUT = "crops"
OPSET = 18
KEYPOINT_TOLERANCE_PX = 0.5
AGREEING_SHARE = 0.99
"""This share of keypoints must lie within the tolerance: two nearly equal maxima may change places."""

OUTPUT_TOLERANCE = {False: 1e-3, True: 3e-2}
"""Largest difference of outputs, relative to the largest output, for full and for half-precision weights."""

TALKATIVE = ("torch.onnx", "torch.export", "torch._dynamo", "onnxscript", "onnx_ir")
"""Loggers of the exporter."""

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
        agreeing: share of keypoints within 0.5 px.
        megabytes: size of the file.
    """

    crops: int
    output_error: float
    keypoint_max_px: float
    keypoint_mean_px: float
    agreeing: float
    megabytes: float

    def __str__(self) -> str:
        return (
            f"{self.megabytes:.1f} MB; on {self.crops} crops outputs differ by {self.output_error:.1e} of their peak, "
            f"keypoints by {self.keypoint_mean_px:.4f} px on average and {self.keypoint_max_px:.3f} px at most, "
            f"{100 * self.agreeing:.1f} % within {KEYPOINT_TOLERANCE_PX} px"
        )


class Deployed(nn.Module):
    """What an exported graph computes: raw B, G, R crops in, what the decoder takes out."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, crops: Tensor) -> Any:
        """Normalise crops (B, 3, h, w), 0 ... 255, and run backbone, neck and head."""
        inputs = self.model.data_preprocessor.normalize(crops)
        outputs = self.model.head.decodable(self.model.outputs(inputs))
        return outputs[0] if isinstance(self.model.head, IntegralRegressionHead) else outputs


def export_onnx(
    model: Any,
    path: str | os.PathLike[str],
    *,
    half_weights: bool = False,
    card: Mapping[str, Any] | None = None,
    crops: np.ndarray | None = None,
) -> Parity:
    """Write a trained top-down model as an ONNX file that ``posekit.runtime.PoseModel`` opens.

    The graph takes crops (batch, 3, h, w), float32, B, G, R, 0 ... 255, of any number. The file
    appears at ``path`` only after it was compared with the model.

    Args:
        model: what ``posekit.apis.init_model`` returned.
        path: the file to write.
        half_weights: store weights in 16 bits; they are widened when the file is opened.
        card: what the model was trained on and reaches; kept in the file.
        crops: (N, 3, h, w) inputs to compare with, 0 ... 255; by default made-up ones.

    Returns:
        How well file and model agree.

    Raises:
        ValueError: if the model is not one that can be exported.
        ParityError: if the file does not agree with the model; then none is left.
    """
    info = model_info(model, card or {})
    deployed = Deployed(model).eval()
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.stem}.{os.getpid()}.onnx")
    try:
        write_graph(deployed, info, temporary, half_weights)
        parity = compare(deployed, temporary, made_up_crops(info) if crops is None else crops)
        check_parity(parity, half_weights)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return parity


def model_info(model: Any, card: Mapping[str, Any]) -> ModelInfo:
    """Collect what an exported file says about itself.

    Raises:
        ValueError: naming what the config lacks.
    """
    steps = {step["type"].rpartition(".")[2]: step for step in test_pipeline(model.cfg)}
    if "TopdownAffine" not in steps:
        raise ValueError(
            "only top-down models can be exported: the config's test pipeline has no TopdownAffine "
            f"({', '.join(steps) or 'it is empty'})"
        )
    decoder = model.cfg["model"]["head"].get("decoder")
    if decoder is None:
        raise ValueError("the config's model.head has no decoder, so the exported model could not find keypoints")
    test_cfg = model.cfg["model"].get("test_cfg") or {}
    options = {key: test_cfg[key] for key in ("flip_mode", "shift_heatmap", "shift_coords") if key in test_cfg}
    crop = steps["TopdownAffine"]
    return ModelInfo(
        codec=plain(decoder),
        input_size=(int(crop["input_size"][0]), int(crop["input_size"][1])),
        padding=float(steps.get("GetBBoxCenterScale", {}).get("padding", 1.25)),
        use_udp=bool(crop.get("use_udp", False)),
        flip_test=bool(test_cfg.get("flip_test", False)),
        flip_options=plain(options),
        card=plain(dict(card)),
        **keypoint_set(model.dataset_meta),
    )


def test_pipeline(config: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the steps that a config's test or validation data go through."""
    for loader in ("test_dataloader", "val_dataloader"):
        dataset = (config.get(loader) or {}).get("dataset") or {}
        dataset = (dataset.get("datasets") or [dataset])[0]
        if dataset.get("pipeline"):
            return dataset["pipeline"]
    return ()


def write_graph(deployed: Deployed, info: ModelInfo, path: Path, half_weights: bool) -> None:
    """Trace the network and write it with its metadata."""
    import onnx

    width, height = info.input_size
    device = next(deployed.parameters()).device
    example = torch.zeros(2, 3, height, width, device=device)
    with quiet(), torch.no_grad():
        program = torch.onnx.export(
            deployed,
            (example,),
            input_names=[INPUT],
            output_names=output_names(deployed(example)),
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=4096)},),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    graph = program.model_proto
    forget_origin(graph)
    if half_weights:
        halve_weights(graph)
    onnx.helper.set_model_props(graph, {METADATA_KEY: info.to_json()})
    graph.producer_name = "posekit"
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


def output_names(outputs: Any) -> list[str]:
    """Name one output "output", several "output_0", "output_1" and so on."""
    return ["output"] if isinstance(outputs, Tensor) else [f"output_{i}" for i in range(len(outputs))]


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the exporter, whose warnings are about itself."""
    loggers = [
        logging.getLogger(name) for name in ("torch.onnx", "torch.export", "torch._dynamo", "onnxscript", "onnx_ir")
    ]
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


def made_up_crops(info: ModelInfo, count: int = 16) -> np.ndarray:
    """Return smooth random pictures (N, 3, h, w), which make networks more decided than noise does."""
    width, height = info.input_size
    coarse = np.random.default_rng(0).uniform(0, 255, (count, 3, 8, 6)).astype(np.float32)
    fine = nn.functional.interpolate(torch.from_numpy(coarse), (height, width), mode="bicubic")
    return fine.clamp(0, 255).round().numpy()


def compare(deployed: Deployed, path: Path, crops: np.ndarray) -> Parity:
    """Run the model and the file on the same crops."""
    exported = PoseModel(path, threads=1)
    device = next(deployed.parameters()).device
    with torch.no_grad():
        wanted = deployed(torch.from_numpy(np.ascontiguousarray(crops)).to(device))
    wanted = tuple(one.cpu().numpy() for one in ((wanted,) if isinstance(wanted, Tensor) else wanted))
    found = exported.run(crops)
    found = found if isinstance(found, tuple) else (found,)
    largest = max(max(float(np.abs(one).max()) for one in wanted), 1e-12)
    error = max(float(np.abs(a - b).max()) for a, b in zip(wanted, found, strict=True)) / largest
    first, second = (exported.decode(one)[0] for one in (wanted, found))
    distances = np.linalg.norm(first[..., :2] - second[..., :2], axis=-1)
    return Parity(
        crops=len(crops),
        output_error=error,
        keypoint_max_px=float(distances.max()),
        keypoint_mean_px=float(distances.mean()),
        agreeing=float((distances <= KEYPOINT_TOLERANCE_PX).mean()),
        megabytes=path.stat().st_size / 1e6,
    )


def check_parity(parity: Parity, half_weights: bool) -> None:
    """Raise ParityError if a file is too far from its model."""
    limit = OUTPUT_TOLERANCE[half_weights]
    if not parity.output_error <= limit or (parity.agreeing < AGREEING_SHARE and not half_weights):
        raise ParityError(
            f"the exported model differs from the trained one, so no file was written ({parity}); allowed are "
            f"{limit:g} of the maximum, and {100 * AGREEING_SHARE:g} % of the keypoints must agree"
        )
