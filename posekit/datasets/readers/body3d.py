"""Files of Human3.6M in 3D, of bodies and of whole bodies, and of MPI-INF-3DHP."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from posekit.datasets.readers.mocap import Frames, MocapReader
from posekit.datasets.readers.pickled_arrays import read_npy, read_npz

CAMERAS = ("54138969", "55011271", "58860488", "60457274")
PARTS = ("train_data", "metadata", "bbox")
"""What H3WB's file holds: poses by subject and action, cameras, boxes by view and frame."""


class Human36mReader(MocapReader):
    """Reads Human3.6M.

    Args:
        path: the .npz file.
        folder: folder of the images.
        camera_file: pickle of camera parameters by (subject, camera).
        detected_file: .npy of keypoints (F, 17, 3) to use in place of the annotated ones.
        factor_file: .npy of each frame's projection factor (F,).
    """

    def __init__(
        self,
        path: str,
        folder: str,
        *,
        camera_file: str | None = None,
        detected_file: str | None = None,
        factor_file: str | None = None,
    ) -> None:
        super().__init__(path, folder, camera_file=camera_file)
        self.detected_file = detected_file
        self.factor_file = factor_file

    def read(self, num_keypoints: int) -> Frames:
        frames = super().read(num_keypoints)
        if self.detected_file:
            detected = self._load_array(self.detected_file, (*frames.keypoints.shape[:2], 3))
            frames.keypoints, frames.visible = detected[..., :2], detected[..., 2]
        count = (len(frames.paths),)
        frames.extra["factor"] = (
            self._load_array(self.factor_file, count) if self.factor_file else np.zeros(count, np.float32)
        )
        return frames

    def _load_array(self, path: str, shape: tuple[int, ...]) -> np.ndarray:
        values = read_npy(path)
        if values.shape != shape or values.dtype.kind not in "biuf":
            raise ValueError(
                f"{path}: shape {values.shape} of {values.dtype}, expected numbers {shape}, as {self.path} has frames"
            )
        return values.astype(np.float32)

    def video_of(self, name: str) -> Hashable:
        return parse_h36m_name(name)

    def camera_of(self, name: str, cameras: Mapping[Any, Any]) -> Any:
        subject, _, camera = parse_h36m_name(name)
        return cameras[subject, camera]


def parse_h36m_name(name: str) -> tuple[str, str, str]:
    """Return subject, action and camera of an image such as ``S1_Directions_1.54138969_000001.jpg``."""
    subject, _, rest = PurePosixPath(name).name.partition("_")
    action, _, rest = rest.partition(".")
    camera, _, _ = rest.partition("_")
    return subject, action, camera


class MpiInf3dhpReader(MocapReader):
    """Reads MPI-INF-3DHP, of images such as ``S1_Seq2_Cam0_000001.jpg``."""

    def video_of(self, name: str) -> Hashable:
        return PurePosixPath(name).stem.rpartition("_")[0]

    def camera_of(self, name: str, cameras: Mapping[Any, Any]) -> Any:
        return cameras[self.video_of(name)]


class H3wbReader(MocapReader):
    """Reads H3WB.

    Args:
        path: the .npz file.
        folder: folder of Human3.6M's original images.
        subjects: names of the people to read.
    """

    def __init__(self, path: str, folder: str, *, subjects: Sequence[str]) -> None:
        super().__init__(path, folder)
        self.subjects = tuple(subjects)

    def read(self, num_keypoints: int) -> Frames:
        data = read_npz(self.path)
        missing = [key for key in PARTS if not isinstance(data.get(key), dict)]
        if missing:
            raise ValueError(
                f"{self.path}: no dict {' and no dict '.join(missing)}; H3WB's file holds {', '.join(PARTS)}"
            )
        poses, cameras, boxes = (data[key] for key in PARTS)
        views = [
            (subject, action, camera)
            for subject in self.subjects
            for action in poses.get(subject, ())
            for camera in CAMERAS
            if camera in poses[subject][action]
        ]
        if not views:
            raise ValueError(f"{self.path}: no frames of the subjects {', '.join(self.subjects)}; found {list(poses)}")
        try:
            return self._frames(views, poses, cameras, boxes)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{self.path}: not as H3WB's file ({type(error).__name__}: {error})") from error

    def _frames(self, views: Sequence[tuple[str, str, str]], poses: Any, cameras: Any, boxes: Any) -> Frames:
        paths, video, box, camera_of = [], [], [], []
        for position, (subject, action, camera) in enumerate(views):
            parameters = _camera_param(cameras[subject][camera])
            for frame in poses[subject][action]["frame_id"]:
                image = f"original/{subject}/Images/{action}.{camera}/frame_{frame}.jpg"
                paths.append(self.image_path(image))
                corners = boxes[subject, action, camera, frame]
                box.append([corners[key] for key in ("x_min", "y_min", "x_max", "y_max")])
                video.append(position)
                camera_of.append([parameters])
        of_views = [poses[subject][action][camera] for subject, action, camera in views]
        points = np.concatenate([view["pose_2d"] for view in of_views]).astype(np.float32)
        points_3d = np.concatenate([view["camera_3d"] for view in of_views]).astype(np.float32) / 1000
        ones, count = np.ones(points.shape[:2], np.float32), len(paths)
        return Frames(
            paths=paths,
            video=video,
            keypoints=points,
            visible=ones,
            keypoints_3d=points_3d,
            visible_3d=ones,
            extra=dict(bbox_score=np.ones(count, np.float32)),
            target=dict(
                bbox=np.array(box, np.float32)[:, None],
                scale=np.zeros((count, 1, 1), np.float32),
                center=np.zeros((count, 1, 2), np.float32),
                factor=np.zeros((count, 1, 1), np.float32),
                camera_param=camera_of,
                img_path=paths,
            ),
        )


def _camera_param(camera: Mapping[str, Any]) -> dict[str, Any]:
    """Return a camera of the file with focal length and centre in pixels of the 1000 pixel image."""
    matrix = camera["K"][0, :2]
    return dict(
        K=matrix,
        R=camera["R"][0],
        T=camera["T"].reshape(3, 1),
        Distortion=camera["Distortion"][0],
        f=(matrix[0, 0] * 1000, matrix[1, 1] * 1000),
        c=(matrix[0, 2] * 1000, matrix[1, 2] * 1000),
    )
