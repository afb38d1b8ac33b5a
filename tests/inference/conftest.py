"""A tiny network whose answers are known: it looks for blobs of blue and of red."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from posekit.inference.recipe import METADATA_KEY, Recipe

INPUT_SIZE = (48, 64)
STRIDE = 2


def blob_info(**changes) -> Recipe:
    settings = dict(
        codec=dict(type="MSRAHeatmap", input_size=list(INPUT_SIZE), heatmap_size=[24, 32], sigma=2),
        input_size=INPUT_SIZE, padding=1.25, use_udp=False, names=("blue", "red"), flip_indices=(0, 1),
        links=((0, 1),), colors=((255, 0, 0), (0, 0, 255)), link_colors=((0, 200, 0),), dataset_name="blobs",
    )  # fmt: skip
    return Recipe(**settings | changes)


def write_blob_model(path: Path, metadata: str | None) -> Path:
    """Write a network whose heatmaps are the blue and the red channel, averaged 2 x 2."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    weight = np.zeros((2, 3, STRIDE, STRIDE), np.float32)
    weight[0, 0], weight[1, 2] = 1 / (255 * STRIDE**2), 1 / (255 * STRIDE**2)
    node = helper.make_node("Conv", ["input", "weight"], ["heatmaps"], strides=[STRIDE, STRIDE])
    graph = helper.make_graph(
        [node],
        "blobs",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, INPUT_SIZE[1], INPUT_SIZE[0]])],
        [helper.make_tensor_value_info("heatmaps", TensorProto.FLOAT, ["batch", 2, 32, 24])],
        [numpy_helper.from_array(weight, "weight")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    if metadata is not None:
        helper.set_model_props(model, {METADATA_KEY: metadata})
    onnx.save(model, str(path))
    return path


@pytest.fixture
def blob_model(tmp_path) -> Callable[..., Path]:
    """Write the network with changed information, or with any ``metadata`` text."""

    def write(*, metadata: str | None = "", **changes) -> Path:
        return write_blob_model(tmp_path / "blobs.onnx", blob_info(**changes).to_json() if metadata == "" else metadata)

    return write


@pytest.fixture
def blob_image() -> tuple[np.ndarray, np.ndarray]:
    """An image with a blue and a red blob, and where they are."""
    y, x = np.mgrid[:150, :200]
    places = np.array([[70.0, 60.0], [110.0, 90.0]])
    image = np.zeros((150, 200, 3))
    for channel, (cx, cy) in zip((0, 2), places, strict=True):
        image[..., channel] = 255 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * 6**2))
    return image.round().astype(np.uint8), places
