"""Unpacking: from a public dataset as published to the files and folders that its own dataset class reads.

For sets that hold what ``KeypointData`` does not: poses in 3D, cameras, more frames than fit into memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class UnpackingJob:
    """What to unpack, and how.

    Attributes:
        tell: callback that receives a line on each step.
        every: step between the frames taken from a video.
        split: which of the authors' divisions into parts.
        frames: bring the images too: frames of videos are written, images linked, or copied if ``copy_images``.
    """

    source: Path
    dest: Path
    tell: Callable[[str], object]
    every: int = 1
    split: str = ""
    frames: bool = True
    copy_images: bool = False


@dataclass(frozen=True)
class Unpacking:
    """How a dataset is unpacked.

    Attributes:
        run: does it and returns the files that a user wants to know of.
        every: default of ``UnpackingJob.every``; 0 where the labels say which frames there are.
        splits: the authors' divisions, the usual one first; none where there is only one.
    """

    run: Callable[[UnpackingJob], list[Path]]
    every: int = 0
    splits: tuple[str, ...] = ()

    def chosen(self, name: str, every: int | None, split: str | None) -> tuple[int, str]:
        """Return ``every`` and ``split`` of the job of unpacking the dataset ``name``.

        Raises:
            ValueError: if the set does not have them.
        """
        if every is not None and (every < 1 or not self.every):
            allowed = "give 1 or more" if self.every else f"says nothing about {name}, whose labels name their frames"
            raise ValueError(f"--every {every}: {allowed}")
        if split is not None and split not in self.splits:
            allowed = f"give {' or '.join(self.splits)}" if self.splits else "its authors divided it; leave it out"
            raise ValueError(f"--split {split}: not of {name}; {allowed}")
        return every or self.every, split or (self.splits or ("",))[0]
