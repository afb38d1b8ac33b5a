"""Human3.6M in 3D, of bodies and of whole bodies, and MPI-INF-3DHP."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from posekit.datasets.base_mocap import BaseMocapDataset, Frames
from posekit.datasets.pickled_arrays import read_npy, read_npz
from posekit.registry import DATASETS

CAMERAS = ("54138969", "55011271", "58860488", "60457274")
PARTS = ("train_data", "metadata", "bbox")
"""What H3WB's file holds: poses by subject and action, cameras, boxes by view and frame."""
KEYPOINT_2D_SOURCES = ("gt", "detection", "pipeline")


@DATASETS.register_module()
class Human36mDataset(BaseMocapDataset):
    """Human3.6M: 17 keypoints (Ionescu et al., TPAMI 2014).

    Args:
        keypoint_2d_src: ``"gt"`` for annotated, ``"detection"`` for detected 2D keypoints; ``"pipeline"`` leaves
            them to the transforms.
        keypoint_2d_det_file: .npy of detected keypoints (F, 17, 3).
        factor_file: .npy of each frame's projection factor (F,).
        kwargs: of ``BaseMocapDataset``.
    """

    METAINFO = dict(from_file="configs/_base_/datasets/h36m.py")

    def __init__(
        self,
        ann_file: str = "",
        *,
        keypoint_2d_src: str = "gt",
        keypoint_2d_det_file: str | None = None,
        factor_file: str | None = None,
        **kwargs: Any,
    ) -> None:
        name = type(self).__name__
        if keypoint_2d_src not in KEYPOINT_2D_SOURCES:
            raise ValueError(f"{name}.keypoint_2d_src: '{keypoint_2d_src}' must be one of {KEYPOINT_2D_SOURCES}")
        if keypoint_2d_src == "detection" and not keypoint_2d_det_file:
            raise ValueError(f"{name}.keypoint_2d_det_file: needed where keypoint_2d_src is 'detection'")
        self.keypoint_2d_src = keypoint_2d_src
        self.keypoint_2d_det_file = keypoint_2d_det_file
        self.factor_file = factor_file
        super().__init__(ann_file, **kwargs)

    def read_frames(self) -> Frames:
        frames = super().read_frames()
        if self.keypoint_2d_src == "detection":
            found = self._load_array(str(self.keypoint_2d_det_file), (*frames.keypoints.shape[:2], 3))
            frames.keypoints, frames.visible = found[..., :2], found[..., 2]
        count = (len(frames.names),)
        frames.extra["factor"] = (
            self._load_array(self.factor_file, count) if self.factor_file else np.zeros(count, np.float32)
        )
        return frames

    def _load_array(self, path: str, shape: tuple[int, ...]) -> np.ndarray:
        path = self.join_root(path)
        values = read_npy(path)
        if values.shape != shape or values.dtype.kind not in "biuf":
            raise ValueError(
                f"{path}: shape {values.shape} of {values.dtype}, expected numbers {shape}, "
                f"as {self.ann_file} has frames"
            )
        return values.astype(np.float32)

    def video_of(self, name: str) -> Hashable:
        return parse_h36m_name(name)

    def get_camera_param(self, name: str, cameras: Mapping[Any, Any]) -> Any:
        subject, _, camera = parse_h36m_name(name)
        return cameras[subject, camera]


def parse_h36m_name(name: str) -> tuple[str, str, str]:
    """Return subject, action and camera of an image such as ``S1_Directions_1.54138969_000001.jpg``."""
    subject, _, rest = PurePosixPath(name).name.partition("_")
    action, _, rest = rest.partition(".")
    camera, _, _ = rest.partition("_")
    return subject, action, camera


@DATASETS.register_module()
class MpiInf3dhpDataset(BaseMocapDataset):
    """MPI-INF-3DHP: 17 keypoints (Mehta et al., 3DV 2017), of images such as ``S1_Seq2_Cam0_000001.jpg``."""

    METAINFO = dict(from_file="configs/_base_/datasets/mpi_inf_3dhp.py")

    def video_of(self, name: str) -> Hashable:
        return PurePosixPath(name).stem.rpartition("_")[0]

    def get_camera_param(self, name: str, cameras: Mapping[Any, Any]) -> Any:
        return cameras[self.video_of(name)]


@DATASETS.register_module()
class H36MWholeBodyDataset(Human36mDataset):
    """H3WB: Human3.6M with 133 keypoints (Zhu et al., ICCV 2023); subjects S1, S5, S6 train, S7 tests."""

    METAINFO = dict(from_file="configs/_base_/datasets/h3wb.py")

    def read_frames(self) -> Frames:
        data = read_npz(self.ann_file)
        missing = [key for key in PARTS if not isinstance(data.get(key), dict)]
        if missing:
            raise ValueError(
                f"{self.ann_file}: no dict {' and no dict '.join(missing)}; H3WB's file holds {', '.join(PARTS)}"
            )
        poses, cameras, boxes = (data[key] for key in PARTS)
        subjects = ("S7",) if self.test_mode else ("S1", "S5", "S6")
        views = [
            (subject, action, camera)
            for subject in subjects
            for action in poses.get(subject, ())
            for camera in CAMERAS
            if camera in poses[subject][action]
        ]
        if not views:
            raise ValueError(f"{self.ann_file}: no frames of the subjects {', '.join(subjects)}; found {list(poses)}")
        try:
            return self._frames(views, poses, cameras, boxes)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{self.ann_file}: not as H3WB's file ({type(error).__name__}: {error})") from error

    def _frames(self, views: Sequence[tuple[str, str, str]], poses: Any, cameras: Any, boxes: Any) -> Frames:
        names, video, box, camera_of = [], [], [], []
        for position, (subject, action, camera) in enumerate(views):
            parameters = _camera_param(cameras[subject][camera])
            for frame in poses[subject][action]["frame_id"]:
                names.append(f"original/{subject}/Images/{action}.{camera}/frame_{frame}.jpg")
                corners = boxes[subject, action, camera, frame]
                box.append([corners[key] for key in ("x_min", "y_min", "x_max", "y_max")])
                video.append(position)
                camera_of.append([parameters])
        of_views = [poses[subject][action][camera] for subject, action, camera in views]
        points = np.concatenate([view["pose_2d"] for view in of_views]).astype(np.float32)
        points_3d = np.concatenate([view["camera_3d"] for view in of_views]).astype(np.float32) / 1000
        ones, count = np.ones(points.shape[:2], np.float32), len(names)
        return Frames(
            names=names,
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
                img_path=[self.image_path(name) for name in names],
            ),
        )

    def image_path(self, name: str) -> str:
        return str(Path(self.data_root, name))


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
