"""The base class of motion capture datasets: sequences of frames with poses in 2D and 3D."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from posekit.datasets.base import BaseDataset
from posekit.datasets.pickled_arrays import read_npz, read_pickle
from posekit.datasets.records import Constant, Gather, Objects, Records, Strings
from posekit.datasets.transforms.base import BaseTransform
from posekit.registry import DATASETS

logger = logging.getLogger(__name__)


@dataclass
class Frames:
    """Poses of all frames of a file.

    Shapes: F frames, K keypoints.

    Attributes:
        names: of the images.
        video: what video each frame belongs to; frames of one video follow each other in time.
        keypoints: (F, K, 2) pixels, and their visibility (F, K).
        keypoints_3d: (F, K, 3) metres, and their visibility (F, K).
        extra: further columns (F, ...), of which a sample has one row per frame.
        target: further columns (F, ...), of which a sample has the row of its last target.
    """

    names: Sequence[str]
    video: Sequence[Hashable]
    keypoints: np.ndarray
    visible: np.ndarray
    keypoints_3d: np.ndarray
    visible_3d: np.ndarray
    extra: dict[str, np.ndarray] = field(default_factory=dict)
    target: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.names)
        own = {key: value for key, value in vars(self).items() if key not in ("extra", "target")}
        wrong = [key for key, column in {**own, **self.extra, **self.target}.items() if len(column) != count]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: another number of rows than the {count} frames")


@DATASETS.register_module()
class BaseMocapDataset(BaseDataset):
    """Sequences of frames from a motion capture file (.npz with imgname, part, S, center, scale).

    A subclass sets ``METAINFO`` and overrides ``read_frames`` for another format, ``video_of`` to tell videos apart,
    or ``_load_annotations``, which deals in dicts.

    Args:
        ann_file: see ``BaseDataset`` for this and all arguments not named here.
        seq_len: frames in a sample.
        seq_step: take every so many frames of a video.
        multiple_target: where above 0, a sample is so many frames, each of which is a target.
        multiple_target_step: frames from one such sample to the next; ``multiple_target`` by default.
        pad_video_seq: repeat a video's ends, so that each of its frames is a target once.
        causal: the target is the last frame, else the middle one.
        subset_frac: use only this share of the samples.
        camera_param_file: pickle of camera parameters by (subject, camera).
        data_mode: ``"topdown"`` or ``"bottomup"``; the latter makes lists of all values but arrays.
    """

    METAINFO: ClassVar[dict] = {}
    PROVIDES: ClassVar[tuple[str, ...]] = (
        "keypoints_3d_visible",
        "target_img_path",
        "img_paths",
        "img_ids",
        "center",
        "scale",
        "factor",
    )

    def __init__(
        self,
        ann_file: str = "",
        seq_len: int = 1,
        seq_step: int = 1,
        multiple_target: int = 0,
        multiple_target_step: int = 0,
        pad_video_seq: bool = False,
        causal: bool = True,
        subset_frac: float = 1.0,
        camera_param_file: str | None = None,
        data_mode: str = "topdown",
        metainfo: Mapping[str, Any] | None = None,
        data_root: str | None = None,
        data_prefix: Mapping[str, str] | None = None,
        filter_cfg: Mapping[str, Any] | None = None,
        indices: int | Sequence[int] | None = None,
        serialize_data: bool = True,
        pipeline: Sequence[BaseTransform] = (),
        test_mode: bool = False,
        lazy_init: bool = False,
        max_refetch: int = 1000,
    ) -> None:
        name = type(self).__name__
        if data_mode not in ("topdown", "bottomup"):
            raise ValueError(f"{name}.data_mode: '{data_mode}' must be 'topdown' or 'bottomup'")
        if multiple_target and seq_len != 1:
            raise ValueError(f"{name}.multiple_target: needs seq_len=1, found {seq_len}")
        counts = dict(seq_len=(seq_len, 1), seq_step=(seq_step, 1), multiple_target=(multiple_target, 0))
        counts["multiple_target_step"] = (multiple_target_step, 0)
        for key, (value, least) in counts.items():
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name}.{key}: must be a whole number from {least} on, found {value!r}")
        if not isinstance(subset_frac, (int, float)) or not 0 < subset_frac <= 1:
            raise ValueError(f"{name}.subset_frac: must be above 0 and at most 1, found {subset_frac!r}")
        self.data_mode = data_mode
        self.seq_len = seq_len
        self.seq_step = seq_step
        self.multiple_target = multiple_target
        self.multiple_target_step = multiple_target_step or multiple_target
        self.pad_video_seq = pad_video_seq
        self.causal = causal
        self.subset_frac = subset_frac
        self.camera_param_file = camera_param_file
        super().__init__(
            ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            metainfo=metainfo,
            pipeline=pipeline,
            test_mode=test_mode,
            filter_cfg=filter_cfg,
            indices=indices,
            max_refetch=max_refetch,
            serialize_data=serialize_data,
            lazy_init=lazy_init,
        )

    def load_data_list(self) -> Sequence[dict[str, Any]]:
        """Return the samples of the annotation file."""
        if type(self)._load_annotations is BaseMocapDataset._load_annotations:
            return self._load_records()
        instances, _ = self._load_annotations()
        return instances

    def _load_annotations(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return samples and images as dicts; override to read another kind of file."""
        return list(self._load_records()), []

    def _load_records(self) -> Records:
        frames = self.read_frames()
        index = self.sequence_indices(frames.video)
        labelled = np.any(frames.keypoints > 0, axis=(1, 2))
        usable = labelled[index].any(axis=1)
        index = index if usable.all() else index[usable]  # the index of a big set takes gigabytes
        if not len(index):
            raise ValueError(
                f"{self.ann_file}: no sequence of {self.multiple_target or self.seq_len} frames with keypoints in it; "
                f"there are {len(frames.names)} frames, {int(labelled.sum())} of them with keypoints above 0, and "
                f"subset_frac is {self.subset_frac}"
            )
        columns = self._columns(frames, index)
        if self.data_mode == "bottomup":
            columns = {key: _listed(column) for key, column in columns.items()}
            columns["invalid_segs"] = Objects([[]] * len(index))
        columns["img_paths"] = Gather(Strings([self.image_path(name) for name in frames.names]), index)
        columns["img_ids"] = Gather(np.arange(len(frames.names)), index, as_list=True)
        return Records(columns, np.arange(len(index)))

    def _columns(self, frames: Frames, index: np.ndarray) -> dict[str, Any]:
        """Return the columns of samples whose frames are the rows of ``index`` (N, L)."""
        target = self.target_places(index.shape[1])
        targets, last = index[:, target], index[:, target[-1]]
        names = Strings([self.image_path(name) for name in frames.names])
        columns: dict[str, Any] = dict(
            num_keypoints=np.full(len(index), frames.keypoints.shape[1]),
            keypoints=Gather(frames.keypoints, index),
            keypoints_visible=Gather(frames.visible, index),
            keypoints_3d=Gather(frames.keypoints_3d, index),
            keypoints_3d_visible=Gather(frames.visible_3d, index),
            lifting_target=Gather(frames.keypoints_3d, targets),
            lifting_target_visible=Gather(frames.visible_3d, targets),
            target_img_path=Gather(names, targets),
            target_idx=Constant(target),
            id=np.arange(len(index)),
            category_id=np.ones(len(index), np.int64),
            iscrowd=np.zeros(len(index), np.int64),
        )
        columns.update({key: Gather(values, index) for key, values in frames.extra.items()})
        for key, values in frames.target.items():
            columns[key] = (
                values[last] if isinstance(values, np.ndarray) else Objects([values[i] for i in last.tolist()])
            )
        return columns

    def target_places(self, length: int) -> list[int]:
        """Return which of a sample's frames are targets."""
        if self.multiple_target:
            return list(range(length))
        return [length - 1 if self.causal else length // 2]

    def sequence_indices(self, video: Sequence[Hashable]) -> np.ndarray:
        """Return the frames of each sample (N, L), videos in sorted order."""
        frames: dict[Hashable, list[int]] = {}
        for index, key in enumerate(video):
            frames.setdefault(key, []).append(index)
        parts = [self._windows(np.array(frames[key], np.int32)) for key in sorted(frames)]  # pyright: ignore[reportArgumentType]
        index = np.concatenate(parts) if parts else np.zeros((0, 1), np.int32)
        size = int(len(index) * self.subset_frac)
        start = int(np.random.default_rng(0).integers(len(index) - size + 1))
        return index[start : start + size]

    def _windows(self, frames: np.ndarray) -> np.ndarray:
        """Return the samples (N, L) of one video's frames."""
        if self.multiple_target:
            starts = np.arange(0, len(frames) - self.multiple_target + 1, self.multiple_target_step)
            return frames[starts[:, None] + np.arange(0, self.multiple_target, self.seq_step)]
        if self.pad_video_seq:
            before = self.seq_len - 1 if self.causal else (self.seq_len - 1) // 2
            offsets = (np.arange(self.seq_len) - before) * self.seq_step
            return frames[np.clip(np.arange(len(frames))[:, None] + offsets, 0, len(frames) - 1)]
        length = (self.seq_len - 1) * self.seq_step + 1
        starts = np.arange(0, len(frames) - length + 1)
        return frames[starts[:, None] + np.arange(self.seq_len) * self.seq_step]

    def read_frames(self) -> Frames:
        """Read the annotation file.

        Raises:
            ValueError: if an array has another shape than the keypoint set needs.
        """
        data = read_npz(self.ann_file)
        if "imgname" not in data:
            raise ValueError(f"{self.ann_file}: no array 'imgname', only {', '.join(map(repr, data))}")
        names = _texts(data["imgname"], f"{self.ann_file}: 'imgname'")
        points = self._array(data, "part", (len(names), self._metainfo["num_keypoints"], 3))
        points_3d = self._array(data, "S", (len(names), self._metainfo["num_keypoints"], 4))
        target: dict[str, Any] = dict(
            center=self._array(data, "center", (len(names), 2))[:, None],
            scale=self._array(data, "scale", (len(names),)),
        )
        if self.camera_param_file:
            target["camera_param"] = self._camera_params(names, self.join_root(self.camera_param_file))
        return Frames(
            names=names,
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
            logger.warning("%s: no array 'S'; the 3D keypoints are zeros", self.ann_file)
        values = np.asarray(data.get(key, np.zeros(shape)))
        if values.shape != shape or values.dtype.kind not in "biuf":
            raise ValueError(
                f"{self.ann_file}: '{key}' has shape {values.shape} of {values.dtype}, expected numbers {shape}"
            )
        return values.astype(np.float32)

    def _camera_params(self, names: Sequence[str], path: str) -> list[Any]:
        """Return the camera of each image.

        Raises:
            ValueError: if the file has none for one of them.
        """
        cameras = read_pickle(path)
        try:
            return [self.get_camera_param(name, cameras) for name in names]
        except (LookupError, TypeError) as error:
            raise ValueError(
                f"{path}: no camera for some image of {self.ann_file} ({type(error).__name__}: {error}); "
                "it must be a dict with one for each"
            ) from error

    def image_path(self, name: str) -> str:
        return str(Path(self.data_prefix.get("img", ""), name))

    def video_of(self, name: str) -> Hashable:
        """Return what video an image belongs to."""
        return ""

    def get_camera_param(self, name: str, cameras: Mapping[Any, Any]) -> Any:
        """Return the parameters of the camera that took an image."""
        raise NotImplementedError(f"{type(self).__name__} must define get_camera_param to use camera_param_file")


BaseMocapStyleDataset = BaseMocapDataset
"""The name of MMPose 1.x."""


def _texts(values: Any, where: str) -> list[str]:
    """Return a list of texts, which old files keep as bytes.

    Raises:
        ValueError: if ``values`` is no array of them.
    """
    if np.ndim(values) != 1:
        raise ValueError(f"{where} must be a list of file names, found an array of shape {np.shape(values)}")
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _listed(column: Any) -> Any:
    """Return a column whose rows are lists of one value, unless they are arrays."""
    if isinstance(column, np.ndarray) and column.ndim == 1:
        return Gather(column, np.arange(len(column))[:, None], as_list=True)
    if isinstance(column, Objects):
        return Objects([[value] for value in column.values])
    return column
