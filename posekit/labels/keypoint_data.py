"""A labelled dataset in memory, between the format it comes from and the one it goes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from posekit.labels.public_sets.unpacking import Unpacking

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Category:
    """A kind of object and its keypoints.

    Attributes:
        links: pairs of keypoint indices.
        swaps: keypoint that each keypoint becomes in a mirrored image, where the source says so.
    """

    name: str
    keypoints: tuple[str, ...] = ()
    links: tuple[tuple[int, int], ...] = ()
    swaps: tuple[int, ...] | None = None
    id: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Instance:
    """One labelled object.

    Attributes:
        keypoints: (K, 3) float64: x, y in pixels as the source counts them, and visibility: 0 not labelled, 1 labelled
            but hidden, 2 visible.
        category: index among the data's categories.
        box: x, y, width, height in pixels.
        area: area of the object, in square pixels.
        crowd: a region of many objects, not one of them.
        segmentation: as COCO has it, polygons or a run-length code.
        track: what identifies the object over the images of a video.
        scores: (K,) of predicted keypoints.
        extra: JSON values that only the source knows.
    """

    keypoints: np.ndarray
    category: int = 0
    box: tuple[float, float, float, float] | None = None
    area: float | None = None
    crowd: bool = False
    segmentation: Any = None
    track: str | None = None
    scores: np.ndarray | None = None
    id: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def labelled(self) -> np.ndarray:
        """Which keypoints are labelled (K,)."""
        return self.keypoints[:, 2] > 0


@dataclass
class LabelledImage:
    """An image and its objects.

    Attributes:
        path: path of its file; of the video, or file of many images, if there is a ``frame``.
        decode: returns a frame as (H, W, 3) uint8, BGR; not needed for videos.
        video: name of the video or folder whose neighbouring frames resemble each other.
        split: ``"train"``, ``"val"``, ``"test"`` or ``""``.
    """

    path: Path
    instances: list[Instance] = field(default_factory=list)
    size_wh: tuple[int, int] | None = None
    id: int | None = None
    video: str | None = None
    frame: int | None = None
    decode: Callable[[int], np.ndarray] | None = None
    split: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class KeypointData:
    """A whole dataset.

    Attributes:
        left_out: what the source has besides and cannot be converted, named for a count of several.
        subsets: parts of a split that results are published on, by name; each says whether an object belongs to it.
    """

    categories: list[Category]
    images: list[LabelledImage]
    extra: dict[str, Any] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    subsets: dict[str, Callable[[LabelledImage, Instance], bool]] = field(default_factory=dict)

    def instances(self) -> Iterator[Instance]:
        """Yield all objects, image by image."""
        for image in self.images:
            yield from image.instances

    def main_category(self) -> int:
        """Return the index of the category with the most labelled objects; of the first without any."""
        counts = [0] * len(self.categories)
        for instance in self.instances():
            counts[instance.category] += bool(instance.labelled.any())
        return max(
            range(len(counts)), key=lambda index: (counts[index], bool(self.categories[index].keypoints), -index)
        )

    def by_split(self) -> dict[str, list[LabelledImage]]:
        """Return the images of each split that has any: train, val, test, and those of none."""
        splits: dict[str, list[LabelledImage]] = {name: [] for name in SPLITS}
        for image in self.images:
            splits.setdefault(image.split, []).append(image)
        return {name: images for name, images in splits.items() if images}


@dataclass(frozen=True)
class Hints:
    """What a person adds to files that do not say everything.

    Attributes:
        images: folder of the images.
        keypoints: names, in order.
    """

    images: Path | None = None
    keypoints: tuple[str, ...] = ()


class Reader(Protocol):
    """Reads a file or folder of one format."""

    def __call__(self, source: Path, hints: Hints) -> KeypointData: ...


class Writer(Protocol):
    """Writes one format to a file or folder and returns the files that a user wants to know of."""

    def __call__(self, data: KeypointData, dest: Path, *, copy_images: bool) -> list[Path]: ...


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        recognises: whether a file or folder looks like this format.
        read: not there for a set that is unpacked instead.
        unpacking: unpacking of a public dataset, which becomes the files of its own dataset class.
        loses: names of ``losses.LOSSES`` that it cannot hold.
        needs: what must be filled in before: ``boxes``, ``areas``, ``sizes``, ``swaps``, ``splits``, ``videos``.
        places_images: whether writing puts the images, or links to them, in folders of the format's own.
        suffix: suffix of the one file that it is, so that a destination such as ``x.json`` names that file.
    """

    name: str
    title: str
    recognises: Callable[[Path], bool]
    read: Reader | None = None
    write: Writer | None = None
    unpacking: Unpacking | None = None
    loses: tuple[str, ...] = ()
    needs: frozenset[str] = frozenset()
    places_images: bool = False
    suffix: str | None = None
