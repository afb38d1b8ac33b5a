"""Prediction with an exported top-down model, on ONNX Runtime and numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posekit.inference.images import Boxes, Image
from posekit.inference.networks.onnx import CPU, OnnxNetwork
from posekit.inference.recipe import Recipe
from posekit.inference.top_down import BATCH_SIZE, TopDownPredictor
from posekit.structures.instance_data import InstanceData

DEFAULT_MODEL = Path(__file__).parent / "assets" / "default.onnx"


class PoseModel:
    """An exported model that finds keypoints inside boxes of an image.

    Args:
        path: ONNX file written by ``posekit export``.
        threads: number of threads ONNX Runtime may use; all by default.
        providers: ONNX Runtime's providers in order of preference, names or pairs of a name and its options, such as
            ``["CUDAExecutionProvider", "CPUExecutionProvider"]``.
        batch_size: most boxes that go through the network together.

    Attributes:
        predictor: takes many images at once.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no model that posekit exported.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        threads: int | None = None,
        providers: Sequence[Any] = CPU,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self.path = Path(path)
        self.network = OnnxNetwork(path, threads=threads, providers=providers)
        self.predictor = TopDownPredictor.of_recipe(self.network.recipe, self.network, batch_size=batch_size)

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
    def info(self) -> Recipe:
        """What the file says about itself."""
        return self.network.recipe

    @property
    def metainfo(self) -> dict[str, Any]:
        """The keypoint set, as ``dataset.metainfo``."""
        return self.predictor.metainfo

    def predict(self, image: Image, boxes: Boxes | None = None, flip_test: bool | None = None) -> InstanceData:
        """Find the keypoints in each box.

        Args:
            image: (H, W, 3) uint8, BGR, or the path of an image.
            boxes: (N, 4) xyxy in image pixels; None for the whole image.
            flip_test: average with the mirrored crop; by default as the model was evaluated.

        Returns:
            ``keypoints`` (N, K, 2) in image pixels, ``keypoint_scores`` (N, K), ``bboxes`` (N, 4) and, from models
            that tell, ``keypoints_visible`` (N, K); float32.

        Raises:
            ValueError: if image or boxes have another form, or a box has no area or lies outside of the image.
            OSError, ValueError: if the file cannot be read.
        """
        (result,) = self.predictor.predict([image], [boxes], flip_test=flip_test)
        columns = result.instances()
        return columns.map(lambda values: np.asarray(values, np.float32))
