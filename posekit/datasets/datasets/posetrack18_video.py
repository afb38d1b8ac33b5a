"""PoseTrack18 with neighbouring frames, and the length of each frame's video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from posekit.datasets.datasets.body import PoseTrack18Dataset
from posekit.datasets.readers.annotation_file import Problems, is_id
from posekit.datasets.readers.coco import AnnotationFile, CocoReader
from posekit.registry import DATASETS


@DATASETS.register_module()
class PoseTrack18VideoDataset(PoseTrack18Dataset):
    """PoseTrack18 samples with a few frames around the annotated one, whose paths follow in ``img_path``.

    Args:
        frame_weights: weight of each frame's features, the annotated frame first; they sum to 1.
        frame_sampler_mode: ``"random"`` draws frames anew in each epoch, ``"fixed"`` takes ``frame_indices``.
        frame_range: lowest and highest offset to draw, or one number for both sides.
        num_sampled_frame: number of frames to draw.
        frame_indices: offsets of the frames.
        ph_fill_len: digits in the frames' file names.
        options: arguments of ``BaseCocoStyleDataset``.
    """

    reader: PoseTrackReader

    def __init__(
        self,
        ann_file: str = "",
        bbox_file: str | None = None,
        data_mode: str = "topdown",
        frame_weights: Sequence[float] = (0.0, 1.0),
        frame_sampler_mode: str = "random",
        frame_range: int | Sequence[int] | None = None,
        num_sampled_frame: int | None = None,
        frame_indices: Sequence[int] | None = None,
        ph_fill_len: int = 6,
        **options: Any,
    ) -> None:
        self.frame_weights = np.array(frame_weights, np.float64)
        self.frame_sampler_mode = frame_sampler_mode
        self.frame_range = [-frame_range, frame_range] if isinstance(frame_range, int) else frame_range
        self.num_sampled_frame = num_sampled_frame
        self.frame_indices = sorted(frame_indices or [])
        self.ph_fill_len = ph_fill_len
        self._check_frames()
        super().__init__(ann_file, bbox_file, data_mode, **options)

    def _check_frames(self) -> None:
        name, weights = type(self).__name__, self.frame_weights
        if abs(weights.sum() - 1) > 1e-6 or (weights < 0).any():
            raise ValueError(f"{name}.frame_weights: must be >= 0 and sum to 1, found {weights.tolist()}")
        if self.frame_sampler_mode not in ("random", "fixed"):
            raise ValueError(f"{name}.frame_sampler_mode: '{self.frame_sampler_mode}' must be 'random' or 'fixed'")
        if not all(map(is_id, self.frame_indices)):
            raise ValueError(f"{name}.frame_indices: must be whole numbers, found {self.frame_indices}")
        if self.frame_sampler_mode == "fixed":
            count = len(self.frame_indices)
        else:
            low, high = self.frame_range if self.frame_range and len(self.frame_range) == 2 else (1, -1)
            if not low <= 0 <= high:
                raise ValueError(f"{name}.frame_range: must be an offset <= 0 and one >= 0, found {self.frame_range}")
            count = (self.num_sampled_frame or 0) + 1
        if len(weights) != count:
            raise ValueError(f"{name}.frame_weights: {len(weights)} weights for {count} frames; give one for each")

    def get_data_info(self, index: int) -> dict[str, Any]:
        row = super().get_data_info(index)
        row["frame_weights"] = np.tile(self.frame_weights, len(row["bbox"]))
        row["img_path"] = self._frames(row["img_path"], self.reader.frame_counts[row["img_id"]], row["sample_idx"])
        return row

    def make_reader(self) -> PoseTrackReader:
        return self.coco_reader(PoseTrackReader)

    def _frames(self, path: str, count: int, index: int) -> list[str]:
        """Return the paths of the annotated frame and of its neighbours."""
        center = PurePosixPath(path)
        if self.frame_sampler_mode == "fixed":
            offsets = self.frame_indices
        else:
            low, high = self.frame_range  # pyright: ignore[reportGeneralTypeIssues]
            rng = np.random.default_rng((self.seed, self.epoch, index, 2, *self.visit))
            offsets = rng.integers(low, high + 1, self.num_sampled_frame).tolist()
        numbers = [
            min(max(int(center.stem) + offset, 0), count - 1) for offset in offsets if offset or not self.test_mode
        ]
        return [path, *(str(center.with_name(f"{number:0{self.ph_fill_len}d}{center.suffix}")) for number in numbers)]


class PoseTrackReader(CocoReader):
    """Reads frames of videos, named by their numbers.

    Attributes:
        frame_counts: number of frames of the video that each image is from, by the image's id; empty until the file
            is read.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.frame_counts: dict[int, int] = {}

    def read_file(self, problems: Problems, *, packed: bool = False) -> AnnotationFile:
        """Read the file.

        Raises:
            ValueError: if a frame's number or the length of its video is missing.
        """
        file = super().read_file(problems, packed=packed)
        for info in file.images.infos:
            stem, count = PurePosixPath(info["file_name"]).stem, info.get("nframes", 0)
            if not stem.isdecimal() or not is_id(count) or count < 1:
                raise ValueError(
                    f"{self.path}: image {info['id']} needs a file named by its frame's number and nframes, the "
                    f"number of frames of its video; found {info['file_name']!r} and nframes {count!r}"
                )
        self.frame_counts = {info["id"]: info["nframes"] for info in file.images.infos}
        return file
