"""Prediction with a model file, on ONNX Runtime (or OpenVINO) and numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posekit.inference.bottom_up import BottomUpPredictor
from posekit.inference.detection import Detector
from posekit.inference.images import Boxes, Image
from posekit.inference.model_file import open_network
from posekit.inference.networks.exported import ExportedNetwork
from posekit.inference.networks.graph import CPU
from posekit.inference.networks.lifter import LifterNetwork
from posekit.inference.networks.one_stage import OneStageNetwork
from posekit.inference.predictor import Predictor
from posekit.inference.recipe import OneStageRecipe, Pixels, Recipe
from posekit.inference.top_down import BATCH_SIZE, TopDownPredictor
from posekit.structures.instance_data import InstanceData

DEFAULT_MODEL = Path(__file__).parent / "assets" / "default.onnx"


class PoseModel:
    """A model file that finds keypoints: inside boxes of an image, or of everybody in it.

    Args:
        path: ONNX file, by ``posekit export`` or another project, or the .xml of OpenVINO's files.
        threads: number of threads; all by default.
        providers: ONNX Runtime's providers in order of preference, names or pairs of a name and its options, such as
            ``["CUDAExecutionProvider", "CPUExecutionProvider"]``; ``["OpenVINO"]`` for the package openvino.
        batch_size: most boxes that go through the network together.
        preprocess: family of the network in files of others, such as ``rtmpose``, or what it wants of its pixels;
            by default the file's outputs and name tell.

    Attributes:
        predictor: predictor of many images at once.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no model of poses that posekit knows.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        threads: int | None = None,
        providers: Sequence[Any] = CPU,
        batch_size: int = BATCH_SIZE,
        preprocess: str | Pixels | None = None,
    ) -> None:
        self.path = Path(path)
        network = open_network(path, threads=threads, providers=providers, preprocess=preprocess)
        if isinstance(network, Detector):
            raise ValueError(f"{path}: is a detector, which finds boxes; give it as --detector, and a model of poses")
        if isinstance(network, LifterNetwork):
            raise ValueError(f"{path}: is a lifter, which takes poses; give it as --lift, and a model that finds poses")
        self.network: ExportedNetwork | OneStageNetwork = network
        self.predictor = predictor_of_file(network, batch_size)

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
    def info(self) -> Recipe | OneStageRecipe:
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


def predictor_of_file(network: ExportedNetwork | OneStageNetwork, batch_size: int = BATCH_SIZE) -> Predictor:
    """Return what makes a file's inputs, runs it in batches and hands the results out."""
    if isinstance(network, OneStageNetwork):
        return BottomUpPredictor(network.whole_image, network, metainfo=network.recipe.metainfo())
    return TopDownPredictor.of_recipe(network.recipe, network, batch_size=batch_size)
