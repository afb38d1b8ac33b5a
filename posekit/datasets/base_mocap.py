"""The base class of motion capture datasets: sequences of frames with poses in 2D and 3D."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import numpy as np

from posekit.datasets.base import BaseDataset, check_data_mode
from posekit.datasets.readers.mocap import Frames, MocapReader
from posekit.datasets.records import Constant, Gather, Objects, Records, Strings
from posekit.registry import DATASETS

_Reader = TypeVar("_Reader", bound=MocapReader)


@DATASETS.register_module()
class BaseMocapDataset(BaseDataset):
    """Sequences of frames from a motion capture file (.npz with imgname, part, S, center, scale).

    A subclass sets ``METAINFO`` and overrides ``make_reader`` for another format, or the hook ``_load_annotations``,
    which deals in dicts.

    Args:
        ann_file: annotation file.
        seq_len: number of frames in a sample.
        seq_step: distance of a sample's frames in the video.
        multiple_target: number of frames in a sample, each of which is a target; 0 for samples of ``seq_len`` frames.
        multiple_target_step: number of frames from one such sample to the next; ``multiple_target`` by default.
        pad_video_seq: repeat a video's ends, so that each of its frames is a target once.
        causal: take the last frame as the target, else the middle one.
        subset_frac: share of the samples to use.
        camera_param_file: pickle of camera parameters by (subject, camera).
        data_mode: ``"topdown"`` or ``"bottomup"``; the latter makes lists of all values but arrays.
        metainfo: the keypoint set; that of the class by default.
        options: arguments of ``BaseDataset``.
    """

    METAINFO: ClassVar[dict] = {}
    HOOKS: ClassVar[tuple[str, ...]] = ("_load_annotations",)
    reader: MocapReader
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
        multiple_target_step: int | None = 0,
        pad_video_seq: bool = False,
        causal: bool = True,
        subset_frac: float = 1.0,
        camera_param_file: str | None = None,
        data_mode: str = "topdown",
        metainfo: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        name = type(self).__name__
        check_data_mode(name, data_mode)
        if multiple_target and seq_len != 1:
            raise ValueError(f"{name}.multiple_target: needs seq_len=1, found {seq_len}")
        counts = dict(seq_len=(seq_len, 1), seq_step=(seq_step, 1), multiple_target=(multiple_target, 0))
        counts["multiple_target_step"] = (multiple_target_step or 0, 0)
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
        super().__init__(ann_file, metainfo, **options)

    def make_reader(self) -> MocapReader:
        return self.mocap_reader(MocapReader)

    def mocap_reader(self, kind: type[_Reader], **options: Any) -> _Reader:
        """Return a reader of this kind for the annotation file; ``options`` are its own."""
        camera_file = self.join_root(self.camera_param_file) if self.camera_param_file else None
        return kind(self.ann_file, self.data_prefix.get("img", ""), camera_file=camera_file, **options)

    def load_data_list(self) -> Sequence[dict[str, Any]]:
        """Return the samples of the annotation file, or those of the hook where the class has one."""
        return self._load_annotations()[0] if self.has_hooks() else self._load_records()

    def _load_annotations(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return samples and images as dicts; a hook for reading another kind of file."""
        return list(self._load_records()), []

    def _load_records(self) -> Records:
        frames = self.reader.read(self._metainfo["num_keypoints"])
        index = self.sequence_indices(frames.video)
        labelled = np.any(frames.keypoints > 0, axis=(1, 2))
        usable = labelled[index].any(axis=1)
        index = index if usable.all() else index[usable]  # the index of a big set takes gigabytes
        if not len(index):
            raise ValueError(
                f"{self.ann_file}: no sequence of {self.multiple_target or self.seq_len} frames with keypoints in it; "
                f"there are {len(frames.paths)} frames, {int(labelled.sum())} of them with keypoints above 0, and "
                f"subset_frac is {self.subset_frac}"
            )
        columns = self._columns(frames, index)
        if self.data_mode == "bottomup":
            columns = {key: _listed(column) for key, column in columns.items()}
            columns["invalid_segs"] = Objects([[]] * len(index))
        columns["img_paths"] = Gather(Strings(frames.paths), index)
        columns["img_ids"] = Gather(np.arange(len(frames.paths)), index, as_list=True)
        return Records(columns, np.arange(len(index)))

    def _columns(self, frames: Frames, index: np.ndarray) -> dict[str, Any]:
        """Return the columns of samples whose frames are the rows of ``index`` (N, L)."""
        target = self.target_places(index.shape[1])
        targets, last = index[:, target], index[:, target[-1]]
        names = Strings(frames.paths)
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


BaseMocapStyleDataset = BaseMocapDataset
"""The name of MMPose 1.x."""


def _listed(column: Any) -> Any:
    """Return a column whose rows are lists of one value, unless they are arrays."""
    if isinstance(column, np.ndarray) and column.ndim == 1:
        return Gather(column, np.arange(len(column))[:, None], as_list=True)
    if isinstance(column, Objects):
        return Objects([[value] for value in column.values])
    return column
