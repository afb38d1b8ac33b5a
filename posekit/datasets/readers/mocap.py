"""Motion capture files: poses of frames in 2D and 3D."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from posekit.datasets.readers.pickled_arrays import read_npz, read_pickle

logger = logging.getLogger(__name__)


@dataclass
class Frames:
    """Poses of all frames of a file.

    Shapes: F frames, K keypoints.

    Attributes:
        paths: image files.
        video: key of the video that each frame is from; frames of one video follow each other in time.
        keypoints: (F, K, 2) pixels, and their visibility (F, K).
        keypoints_3d: (F, K, 3) metres, and their visibility (F, K).
        extra: further columns (F, ...), of which a sample has one row per frame.
        target: further columns (F, ...), of which a sample has the row of its last target.
    """

    paths: Sequence[str]
    video: Sequence[Hashable]
    keypoints: np.ndarray
    visible: np.ndarray
    keypoints_3d: np.ndarray
    visible_3d: np.ndarray
    extra: dict[str, np.ndarray] = field(default_factory=dict)
    target: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.paths)
        columns = {key: value for key, value in vars(self).items() if key not in ("extra", "target")}
        wrong = [key for key, column in {**columns, **self.extra, **self.target}.items() if len(column) != count]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: another number of rows than the {count} frames")


class MocapReader:
    """Reads an .npz file with imgname, part, S, center and scale.

    A subclass overrides ``read`` for another format, ``video_of`` to tell videos apart, and ``camera_of`` to find the
    cameras of images.

    Args:
        path: the file.
        folder: folder of the images.
        camera_file: pickle of camera parameters.
    """

    def __init__(self, path: str, folder: str, *, camera_file: str | None = None) -> None:
        self.path = path
        self.folder = folder
        self.camera_file = camera_file

    def read(self, num_keypoints: int) -> Frames:
        """Read the file.

        Args:
            num_keypoints: number that the file's poses must have.

        Raises:
            ValueError: if an array has another shape than the keypoint set needs.
        """
        data = read_npz(self.path)
        if "imgname" not in data:
            raise ValueError(f"{self.path}: no array 'imgname', only {', '.join(map(repr, data))}")
        names = _texts(data["imgname"], f"{self.path}: 'imgname'")
        points = self._array(data, "part", (len(names), num_keypoints, 3))
        points_3d = self._array(data, "S", (len(names), num_keypoints, 4))
        target: dict[str, Any] = dict(
            center=self._array(data, "center", (len(names), 2))[:, None],
            scale=self._array(data, "scale", (len(names),)),
        )
        if self.camera_file:
            target["camera_param"] = self._camera_params(names, self.camera_file)
        return Frames(
            paths=[self.image_path(name) for name in names],
            video=[self.video_of(name) for name in names],
            keypoints=points[..., :2],
            visible=points[..., 2],
            keypoints_3d=points_3d[..., :3],
            visible_3d=points_3d[..., 3],
            target=target,
        )

    def _array(self, data: Mapping[str, Any], key: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return an array of the file as float32, zeros where the file has none."""
        if key == "S" and key not in data:
            logger.warning("%s: no array 'S'; the 3D keypoints are zeros", self.path)
        values = np.asarray(data.get(key, np.zeros(shape)))
        if values.shape != shape or values.dtype.kind not in "biuf":
            raise ValueError(
                f"{self.path}: '{key}' has shape {values.shape} of {values.dtype}, expected numbers {shape}"
            )
        return values.astype(np.float32)

    def _camera_params(self, names: Sequence[str], path: str) -> list[Any]:
        """Return the camera of each image.

        Raises:
            ValueError: if the file has none for one of them.
        """
        cameras = read_pickle(path)
        try:
            return [self.camera_of(name, cameras) for name in names]
        except (LookupError, TypeError) as error:
            raise ValueError(
                f"{path}: no camera for some image of {self.path} ({type(error).__name__}: {error}); "
                "it must be a dict with one for each"
            ) from error

    def image_path(self, name: str) -> str:
        return str(Path(self.folder, name))

    def video_of(self, name: str) -> Hashable:
        """Return the key of the video that an image belongs to."""
        return ""

    def camera_of(self, name: str, cameras: Mapping[Any, Any]) -> Any:
        """Return the parameters of the camera that took an image."""
        raise NotImplementedError(f"{type(self).__name__} must define camera_of to use a camera file")


def _texts(values: Any, where: str) -> list[str]:
    """Return a list of texts, which old files keep as bytes.

    Raises:
        ValueError: if ``values`` is no array of them.
    """
    if np.ndim(values) != 1:
        raise ValueError(f"{where} must be a list of file names, found an array of shape {np.shape(values)}")
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]
