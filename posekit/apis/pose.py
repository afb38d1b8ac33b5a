"""Poses in one call: from an image, or from everything that a source holds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from posekit.apis.boxes import add_detector
from posekit.inference.journal import placed
from posekit.inference.pipeline import PosePipeline
from posekit.inference.results import PoseResult
from posekit.media.sources import open_sources
from posekit.zoo.model_files import files_of

if TYPE_CHECKING:
    from posekit.config import Config
    from posekit.inference.predictor import Predictor

Boxes: TypeAlias = Any
Image: TypeAlias = str | os.PathLike[str] | np.ndarray
Source: TypeAlias = Image | int | Iterable[Image]


class Pose:
    """Finds poses.

    Args:
        name_or_config: a released model's name or alias such as ``rtmpose-m``, whose weights are downloaded; an
            exported model (``.onnx``); or a config, by its path or its name; by default the model that comes with
            posekit.
        checkpoint: weights of the config, a path or URL.
        detector: what finds boxes in an image without any: an exported detector or a released one by its name,
            ``people`` for the one that comes with posekit, or ``whole`` if each image shows one person; by default
            ``people`` for posekit's own model and released ones of bodies, ``whole`` for others.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the model cannot be used, a config comes without weights, or there is no such device.
        DownloadError: if released weights can be had from nowhere.

    Example:
        >>> from pathlib import Path
        >>> import posekit
        >>> photograph = Path(posekit.__file__).parent / "inference/assets/demo.jpg"
        >>> result = posekit.Pose(detector="whole")(photograph)
        >>> len(result), result.skeleton["num_keypoints"]
        (1, 17)
    """

    def __init__(
        self,
        name_or_config: str | os.PathLike[str] | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        device: str = "auto",
        *,
        detector: str | os.PathLike[str] | None = None,
    ) -> None:
        self.predictor = open_predictor(name_or_config, checkpoint, device)
        add_detector(self.predictor, detector, model=name_or_config, device=device)

    @property
    def skeleton(self) -> dict[str, Any]:
        """The keypoint set, as ``dataset.metainfo``."""
        return self.predictor.metainfo

    def __call__(self, image: Image, boxes: Boxes | None = None) -> PoseResult:
        """Find the poses in an image.

        Args:
            image: path, or the pixels (H, W, 3), uint8, BGR.
            boxes: (N, 4) xyxy in image pixels, one for each person; None to look for them.
        """
        (result,) = self.predictor.predict([image], [boxes])
        return result

    def stream(self, source: Source) -> Iterator[PoseResult]:
        """Yield the result of each image or frame, in order and in constant memory.

        The next images are read while the last ones are predicted.

        Args:
            source: an image, a video, a folder of both, a pattern such as ``*.jpg``, the number of a camera, a URL of a
                stream, an array (H, W, 3) or (T, H, W, 3), or any iterable of images.

        Raises:
            FileNotFoundError: if there is no such file, or a folder has no images.
            ValueError: if an image or video is damaged; results of what came before it are yielded first.
        """
        for frame in PosePipeline(self.predictor).stream(open_sources(source)):
            if frame.error is not None:
                raise frame.error
            if frame.result is not None:
                yield placed(frame.result, frame.source, frame.number)


def open_predictor(
    name_or_config: str | os.PathLike[str] | None,
    checkpoint: str | os.PathLike[str] | None,
    device: str,
    threads: int | None = None,
    *,
    offline: bool | None = None,
    overrides: Sequence[str] = (),
    plugins: Sequence[str] = (),
) -> Predictor:
    """Open an exported model, or build that of a config; by default open the one that comes with posekit.

    Args:
        name_or_config: a released model, a config, or an exported file.
        checkpoint: path or URL of a config's weights.
        device: as in ``init_model``.
        threads: number of threads of an exported model.
        offline: take released weights from the cache only.
        overrides: changes of the config, as in ``posekit.config.load``.
        plugins: packages that may stand in its ``custom_imports``; they are imported already.

    Raises:
        ValueError: if there is nothing that options belong to.
    """
    if name_or_config is None:
        if checkpoint is not None:
            raise ValueError(f"checkpoint {checkpoint}: belongs to a config; give its name or path as well")
        if overrides:
            raise ValueError(f"--override {overrides[0]}: changes a config; give that as well")
        return _open_exported(None, device, threads)
    config, weights = files_of(name_or_config, checkpoint, offline=offline)
    if config is None:
        if overrides:
            raise ValueError(f"--override {overrides[0]}: changes a config, and {name_or_config} is an exported model")
        return _open_exported(weights, device, threads)
    from posekit.apis.inference import init_model, predictor_of

    return predictor_of(init_model(changed_config(config, overrides, plugins), weights, device=device))


def changed_config(config: str, overrides: Sequence[str], plugins: Sequence[str]) -> Config | str:
    """Return a config with changes; its path, where there are none."""
    from posekit.config import load

    return load(config, overrides, plugins=plugins) if overrides or plugins else config


def _open_exported(path: str | None, device: str, threads: int | None) -> Predictor:
    """Open an exported model, by default the one that comes with posekit."""
    from posekit.inference.devices import onnx_providers
    from posekit.inference.pose_model import PoseModel

    options: dict[str, Any] = {"threads": threads, "providers": onnx_providers(device)}
    model = PoseModel.default(**options) if path is None else PoseModel(path, **options)
    return model.predictor
