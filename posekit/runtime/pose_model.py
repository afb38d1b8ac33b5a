"""Prediction with an exported top-down model, on ONNX Runtime and numpy alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from posekit.codecs.base import BaseCodec
from posekit.geometry import Affine, crop_affine, warp_image
from posekit.registry import CODECS
from posekit.runtime.model_info import METADATA_KEY, ModelInfo
from posekit.structures.instance_data import InstanceData

DEFAULT_MODEL = Path(__file__).parent / "assets" / "default.onnx"


class PoseModel:
    """An exported model that finds keypoints inside boxes of a picture.

    Args:
        path: ONNX file written by ``posekit export``.
        threads: of ONNX Runtime; by default as many as it likes.
        providers: of ONNX Runtime, in order of preference, e.g. ``["CUDAExecutionProvider", "CPUExecutionProvider"]``.
        batch_size: boxes that go through the network together.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no model that posekit exported.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        threads: int | None = None,
        providers: Sequence[str] = ("CPUExecutionProvider",),
        batch_size: int = 32,
    ) -> None:
        self.path = Path(path)
        self.session = open_session(self.path, threads, providers)
        text = self.session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if text is None:
            raise ValueError(
                f"{self.path}: has no posekit metadata; only files that `posekit export` wrote can be used"
            )
        self.info = ModelInfo.from_json(text, source=str(self.path))
        self.codec = build_codec(self.info.codec, str(self.path))
        self.batch_size = batch_size
        self.input_name = self.session.get_inputs()[0].name

    @classmethod
    def default(cls, **options: Any) -> PoseModel:
        """Open the model that comes with posekit.

        Raises:
            FileNotFoundError: if this installation has none.
        """
        if not DEFAULT_MODEL.is_file():
            raise FileNotFoundError(
                f"this installation of posekit has no default model ({DEFAULT_MODEL}); give one: --model MODEL.onnx"
            )
        return cls(DEFAULT_MODEL, **options)

    @property
    def metainfo(self) -> dict[str, Any]:
        """The keypoint set, as ``dataset.metainfo``."""
        return self.info.metainfo()

    def predict(
        self,
        image: np.ndarray | str | os.PathLike[str],
        boxes: np.ndarray | Sequence[Sequence[float]] | None = None,
        flip_test: bool | None = None,
    ) -> InstanceData:
        """Find the keypoints in each box.

        Args:
            image: (H, W, 3) uint8, BGR, or the path of a picture.
            boxes: (N, 4) xyxy in image pixels; None for the whole picture.
            flip_test: average with the mirrored crop; by default as the model was evaluated.

        Returns:
            ``keypoints`` (N, K, 2) in image pixels, ``keypoint_scores`` (N, K) and ``bboxes`` (N, 4).

        Raises:
            ValueError: if image or boxes have another form, or a box has no area or lies outside of the picture.
            OSError, ValueError: if the file cannot be read.
        """
        image = checked_image(image)
        boxes = checked_boxes(boxes, image.shape[:2])
        crops = self.crops(boxes)
        flip_test = self.info.flip_test if flip_test is None else flip_test
        keypoints, scores = [], []
        for start in range(0, len(boxes), self.batch_size):
            part = Affine(crops.matrix[start : start + self.batch_size], crops.source, crops.target)
            points, values = self.find(self.inputs(image, part), flip_test)
            keypoints.append(part.inverse().points(points))
            scores.append(values)
        count = len(self.info.names)
        return InstanceData(
            keypoints=np.concatenate([*keypoints, np.zeros((0, count, 2))]).astype(np.float32),
            keypoint_scores=np.concatenate([*scores, np.zeros((0, count))]).astype(np.float32),
            bboxes=boxes.astype(np.float32),
        )

    def crops(self, boxes: np.ndarray) -> Affine:
        """Return the maps (N,) from the picture to the network's input."""
        width, height = self.info.input_size
        size = (boxes[:, 2:] - boxes[:, :2]) * self.info.padding
        aspect = width / height
        scale = np.stack([np.maximum(size[:, 0], size[:, 1] * aspect), np.maximum(size[:, 1], size[:, 0] / aspect)], 1)
        center = (boxes[:, :2] + boxes[:, 2:]) / 2
        return crop_affine(center, scale, np.zeros(len(boxes)), self.info.input_size, use_udp=self.info.use_udp)

    def inputs(self, image: np.ndarray, crops: Affine) -> np.ndarray:
        """Cut crops out of the picture: (N, 3, h, w) float32, BGR, 0 ... 255."""
        width, height = self.info.input_size
        batch = np.empty((len(crops.matrix), 3, height, width), np.float32)
        for target, matrix in zip(batch, crops.matrix, strict=True):
            crop = warp_image(image, Affine(matrix, crops.source, crops.target), self.info.input_size)
            target[:] = crop.transpose(2, 0, 1)
        return batch

    def find(self, inputs: np.ndarray, flip_test: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return keypoints (N, K, 2) in input space and scores (N, K)."""
        outputs = self.run(inputs)
        if flip_test:
            mirrored = self.run(np.ascontiguousarray(inputs[..., ::-1]))
            mirrored = self.codec.flip(mirrored, list(self.info.flip_indices), **self.info.flip_options)
            outputs = mean_of(outputs, mirrored)
        return self.decode(outputs)

    def decode(self, outputs: Any) -> tuple[np.ndarray, np.ndarray]:
        """Find keypoints (N, K, D) in input space and scores (N, K) in the network's outputs."""
        keypoints, scores = self.codec.batch_decode(*(outputs if isinstance(outputs, tuple) else (outputs,)))
        return np.stack([one[0] for one in keypoints]), np.stack([one[0] for one in scores])

    def run(self, inputs: np.ndarray) -> Any:
        """Run the network: one array, or a tuple where it has several outputs."""
        outputs = self.session.run(None, {self.input_name: inputs})
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


def open_session(path: Path, threads: int | None, providers: Sequence[str]) -> ort.InferenceSession:
    """Open a model file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if ONNX Runtime cannot use it, or lacks a provider.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such model file")
    missing = [name for name in providers if name not in ort.get_available_providers()]
    if missing:
        raise ValueError(
            f"ONNX Runtime has no {', '.join(missing)} here; available are {', '.join(ort.get_available_providers())}"
        )
    options = ort.SessionOptions()
    options.log_severity_level = 3
    # Threads that spin while waiting slow down whatever else runs, such as decoding the next picture.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if threads is not None:
        options.intra_op_num_threads = threads
    try:
        return ort.InferenceSession(str(path), options, providers=list(providers))
    except Exception as error:  # ONNX Runtime's exceptions share no base class
        raise ValueError(f"{path}: ONNX Runtime cannot open it ({error})") from error


def build_codec(config: dict[str, Any], source: str) -> BaseCodec:
    """Build the decoder that a model file names.

    Raises:
        ValueError: if posekit has no such codec or it does not take these settings.
    """
    try:
        return CODECS.build(config)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{source}: its codec {config} cannot be built: {error}") from error


def checked_image(image: np.ndarray | str | os.PathLike[str]) -> np.ndarray:
    """Return a picture, read if it is given by its path.

    Raises:
        ValueError: unless it is (H, W, 3) uint8.
    """
    if isinstance(image, (str, os.PathLike)):
        from posekit.media.image_file import read_image

        return read_image(image)
    if not isinstance(image, np.ndarray) or image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        given = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(
            f"image: got {given}; expected a path, or a uint8 array (H, W, 3), BGR, as cv2.imread returns it"
        )
    return image


def checked_boxes(boxes: np.ndarray | Sequence[Sequence[float]] | None, size_hw: Sequence[int]) -> np.ndarray:
    """Return boxes (N, 4) as float64, by default one around the picture.

    Raises:
        ValueError: if they have another form, are not finite, have no area or lie outside of the picture.
    """
    if boxes is None:
        return np.array([[0, 0, size_hw[1], size_hw[0]]], np.float64)
    given = np.asarray(boxes, np.float64)
    given = given.reshape(-1, 4) if given.size in (0, 4) else given
    if given.ndim != 2 or given.shape[1] != 4:
        raise ValueError(f"boxes: got the shape {given.shape}; expected (N, 4) as x1, y1, x2, y2")
    bad = ~(np.isfinite(given).all(1) & (given[:, 2:] > given[:, :2]).all(1))
    if bad.any():
        raise ValueError(
            f"boxes: {given[bad][0].tolist()} has no area; expected finite x1 < x2 and y1 < y2 in image pixels"
        )
    outside = (given[:, 2:] <= 0).any(1) | (given[:, :2] >= size_hw[1::-1]).any(1)
    if outside.any():
        raise ValueError(
            f"boxes: {given[outside][0].tolist()} lies outside of the picture, which has {size_hw[1]}x{size_hw[0]} "
            "pixels; expected x1, y1, x2, y2 in pixels of this picture"
        )
    return given


def mean_of(first: Any, second: Any) -> Any:
    """Average arrays, or tuples of them."""
    if isinstance(first, tuple):
        return tuple(mean_of(a, b) for a, b in zip(first, second, strict=True))
    return (first + second) / 2
