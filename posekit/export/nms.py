"""Non-maximum suppression as the last part of an ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

DETS, LABELS = "dets", "labels"


def append_nms(
    graph: Any, *, iou_threshold: float, score_thr: float, most: int, gathered: Sequence[str] = (), labels: bool = True
) -> None:
    """Let a graph choose among its boxes, in place; only operators of ONNX itself are used.

    The graph's first outputs are boxes (B, P, 4) and scores (B, C, P). They give way to ``dets`` (B, N, 5), boxes with
    scores, best first, and ``labels`` (B, N). N is always the same; what is missing has the score 0.

    Args:
        graph: ONNX model.
        iou_threshold: largest overlap of two boxes of one class.
        score_thr: what scores must exceed.
        most: N.
        gathered: further outputs (B, P, ...), of which the rows of the chosen boxes remain.
        labels: whether the file gives the labels.
    """
    from onnx import TensorProto, helper

    boxes, scores = (output.name for output in graph.graph.output[:2])
    points = int(graph.graph.output[0].type.tensor_type.shape.dim[1].dim_value)
    classes = int(graph.graph.output[1].type.tensor_type.shape.dim[1].dim_value)
    most = min(most, points * classes)
    add_constants(
        graph, most=np.array([most], np.int64), points=np.array(points, np.int64), flat=np.array([0, -1], np.int64),
        iou=np.array([iou_threshold], np.float32), thr=np.array([score_thr], np.float32), last=np.array([-1], np.int64),
    )  # fmt: skip
    zero = helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0])
    nodes = [
        helper.make_node("NonMaxSuppression", [boxes, scores, "nms_most", "nms_iou", "nms_thr"], ["nms_chosen"]),
        helper.make_node("GatherND", [scores, "nms_chosen"], ["nms_values"]),
        helper.make_node("Shape", [scores], ["nms_shape"]),
        helper.make_node("ConstantOfShape", ["nms_shape"], ["nms_nothing"], value=zero),
        helper.make_node("ScatterND", ["nms_nothing", "nms_chosen", "nms_values"], ["nms_kept"]),
        helper.make_node("Reshape", ["nms_kept", "nms_flat"], ["nms_row"]),
        helper.make_node("TopK", ["nms_row", "nms_most"], ["nms_best", "nms_place"], axis=1),
        helper.make_node("Div", ["nms_place", "nms_points"], [LABELS if labels else "nms_labels"]),
        helper.make_node("Mod", ["nms_place", "nms_points"], ["nms_point"]),
        helper.make_node("Unsqueeze", ["nms_point", "nms_last"], ["nms_index"]),
        helper.make_node("GatherND", [boxes, "nms_index"], ["nms_boxes"], batch_dims=1),
        helper.make_node("Unsqueeze", ["nms_best", "nms_last"], ["nms_scores"]),
        helper.make_node("Concat", ["nms_boxes", "nms_scores"], [DETS], axis=2),
    ]
    outputs = [helper.make_tensor_value_info(DETS, TensorProto.FLOAT, ["batch", most, 5])]
    if labels:
        outputs.append(helper.make_tensor_value_info(LABELS, TensorProto.INT64, ["batch", most]))
    for name in gathered:
        nodes.append(helper.make_node("GatherND", [f"{name}_all", "nms_index"], [name], batch_dims=1))
        outputs.append(chosen_output(graph, name, most))
    graph.graph.node.extend(nodes)
    del graph.graph.output[:]
    graph.graph.output.extend(outputs)


def add_constants(graph: Any, **values: np.ndarray) -> None:
    """Add arrays to a graph under their names, with nms_ before them."""
    from onnx import numpy_helper

    graph.graph.initializer.extend(numpy_helper.from_array(value, f"nms_{name}") for name, value in values.items())


def chosen_output(graph: Any, name: str, most: int) -> Any:
    """Return the output ``name`` (B, N, ...) of what is now the output ``name``_all (B, P, ...)."""
    from onnx import TensorProto, helper

    (whole,) = (output for output in graph.graph.output if output.name == f"{name}_all")
    rest = [dim.dim_value for dim in whole.type.tensor_type.shape.dim[2:]]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", most, *rest])
