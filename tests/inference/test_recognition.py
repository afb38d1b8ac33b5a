"""Files of other projects, told by shapes and names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from posekit.codecs.simcc_label import SimCCLabel
from posekit.codecs.udp_heatmap import UDPHeatmap
from posekit.inference.detection import DetectorRecipe, boxes_of_cells
from posekit.inference.model_file import network_of
from posekit.inference.networks.graph import Port
from posekit.inference.recognition import IMAGENET, RAW, recognised


class FileOfOutputs:
    """A model file of another project, which gives the same outputs for every image.

    Args:
        source: path of the file.
        size: (w, h) of its input, None for sizes that vary.
        outputs: arrays by name.
        batch: number of images that it takes at once; None for any.
    """

    def __init__(
        self, source: str, size: tuple[int | None, int | None], outputs: dict[str, np.ndarray], batch: int | None = None
    ) -> None:
        self.source, self.values, self.batch = source, outputs, batch
        self.inputs = [Port("input", (batch, 3, size[1], size[0]))]
        self.outputs = [Port(name, (None,) * output.ndim) for name, output in outputs.items()]
        self.metadata: dict[str, str] = {}

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        assert self.batch in (None, len(batch))
        return [np.repeat(output, len(batch), 0) for output in self.values.values()]


def zeros(**shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {name: np.zeros((1, *shape), np.float32) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("source", "size", "outputs", "expected"),
    [
        ("rtmpose-m.onnx", (192, 256), zeros(simcc_x=(17, 384), simcc_y=(17, 512)),
         dict(dataset_name="coco", mean=IMAGENET.mean, to_rgb=True, padding=1.25, use_udp=False)),
        ("dw-ll_ucoco_384.onnx", (288, 384), zeros(simcc_x=(133, 576), simcc_y=(133, 768)),
         dict(dataset_name="coco_wholebody", mean=IMAGENET.mean, to_rgb=True)),
        ("rtmpose_halpe26/end2end.onnx", (192, 256), zeros(simcc_x=(26, 384), simcc_y=(26, 512)),
         dict(dataset_name="halpe26")),
        ("rtmpose-m_ap10k.onnx", (256, 256), zeros(simcc_x=(17, 512), simcc_y=(17, 512)), dict(dataset_name="ap10k")),
        ("x.onnx", (192, 256), zeros(a=(5, 384), b=(5, 512)),
         dict(dataset_name="", names=tuple(f"keypoint_{i}" for i in range(5)))),
        ("vitpose-b.onnx", (192, 256), zeros(output=(17, 64, 48)), dict(use_udp=True, mean=IMAGENET.mean)),
        ("hrnet.onnx", (192, 256), zeros(output=(16, 64, 48)), dict(use_udp=False, dataset_name="mpii")),
        ("rtmo-s.onnx", (640, 640), zeros(dets=(9, 5), keypoints=(9, 17, 3)), dict(mean=(), dataset_name="coco")),
        ("yolox_l.onnx", (64, 64), zeros(output=(84, 85)), dict(outputs="cells", mean=(), labels=(0,))),
        ("unnamed.onnx", (64, 64), zeros(output=(84, 6)), dict(outputs="cells", mean=())),
        ("rtmdet.onnx", (64, 64), zeros(boxes=(84, 4), scores=(84, 80)), dict(std=IMAGENET.std[::-1])),
        ("rtmdet_nano/end2end.onnx", (64, 64), zeros(dets=(100, 5), labels=(100,)), dict(outputs="dets")),
        ("yolox_tiny.onnx", (64, 64), zeros(dets=(100, 5), labels=(100,)), dict(outputs="dets", mean=())),
    ],
)  # fmt: skip
def test_families(source: str, size: tuple[int, int], outputs: Any, expected: dict[str, Any]) -> None:
    network: Any = network_of(FileOfOutputs(source, size, outputs))
    assert network.recipe.input_size == size
    assert {name: getattr(network.recipe, name) for name in expected} == expected


def test_codecs_follow_the_shapes() -> None:
    rows: Any = network_of(FileOfOutputs("a.onnx", (32, 48), zeros(simcc_x=(17, 96), simcc_y=(17, 144))))
    assert isinstance(rows.codec, SimCCLabel)
    assert rows.codec.simcc_split_ratio == 3
    maps: Any = network_of(FileOfOutputs("vitpose.onnx", (32, 48), zeros(heatmaps=(17, 12, 8))))
    assert isinstance(maps.codec, UDPHeatmap)
    assert maps.codec.heatmap_size == (8, 12)


@pytest.mark.parametrize(
    ("source", "size", "outputs", "message"),
    [
        (
            "x.onnx",
            (64, 64),
            zeros(features=(1000,)),
            r"x\.onnx: .*features \[1, 1000\].* of no kind",
        ),
        ("x.onnx", (64, 64), zeros(a=(3, 4), b=(3, 4), c=(3, 4)), "of no kind that posekit knows"),
        ("x.onnx", (None, None), zeros(output=(17, 64, 48)), "takes images of any size"),
        ("x.onnx", (64, 64), zeros(dets=(100, 5), labels=(100,)), "say preprocess='rtmdet' .* or preprocess='yolox'"),
    ],
)
def test_what_nothing_tells(source: str, size: Any, outputs: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network_of(FileOfOutputs(source, size, outputs))


def test_unknown_families_are_suggested() -> None:
    file = FileOfOutputs("x.onnx", (64, 64), zeros(dets=(100, 5), labels=(100,)))
    with pytest.raises(ValueError, match=r"preprocess 'rtmdt': .*did you mean 'rtmdet'"):
        recognised(file, "rtmdt")
    assert recognised(file, RAW).mean == ()


def test_cells_become_boxes() -> None:
    recipe = DetectorRecipe(input_size=(16, 16), strides=(8,), outputs="cells")
    cells = np.array([[0, 0, 0, 0, 1, 1], [0.5, 0.5, 0, np.log(2), 0.5, 0.8], [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 0]])
    boxes, scores = boxes_of_cells(cells.astype(np.float32), recipe)
    np.testing.assert_allclose(boxes[:2], [[-4, -4, 4, 4], [8, -4, 16, 12]], atol=1e-5)
    np.testing.assert_allclose(scores[:, 0], [1, 0.4, 0, 0], atol=1e-6)


def test_yolox_without_nms_finds_people_only_and_in_image_pixels() -> None:
    output = np.zeros((1, 84, 7), np.float32)
    output[0, 9] = [0, 0, 0, 0, 1, 0.9, 0]  # the cell (1, 1) of stride 8: the centre is at (8, 8)
    output[0, 10] = [-1, 0, 0, 0, 1, 0.8, 0]  # the same place from the cell beside
    output[0, 20] = [0, 0, 0, 0, 1, 0, 0.9]  # another class
    detector: Any = network_of(FileOfOutputs("yolox.onnx", (64, 64), dict(output=output)))
    found = detector(np.zeros((128, 128, 3), np.uint8))
    np.testing.assert_allclose(found.boxes, [[8, 8, 24, 24]], atol=1e-4)
    assert found.scores.tolist() == pytest.approx([0.9])


def test_files_that_take_one_image_at_a_time() -> None:
    dets = np.array([[[8, 8, 16, 16, 0.9], [0, 0, 8, 8, 0.01]]], np.float32)
    labels = np.zeros((1, 2), np.int64)
    detector: Any = network_of(FileOfOutputs("yolox.onnx", (64, 64), dict(dets=dets, labels=labels), batch=1))
    for found in detector.detect([np.zeros((64, 64, 3), np.uint8)] * 3):
        assert found.boxes.tolist() == [[8, 8, 16, 16]]
