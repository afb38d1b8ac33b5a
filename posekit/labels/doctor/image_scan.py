"""What there is to know about image files without keeping them: size, faults, and fingerprints to find copies."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from posekit.console import ProgressBar
from posekit.media.image_file import MAX_PIXELS, decode, read_bytes
from posekit.media.image_header import ImageFileError, check_header

SMALL = 16
"""Side of the small grey images that likeness is judged by."""

MAX_THREADS = 8
BATCH = 256


class ImageFacts(NamedTuple):
    """What one image file holds; ``problem`` says why it could not be read, and the rest is zero then."""

    problem: str = ""
    missing: bool = False
    size_wh: tuple[int, int] = (0, 0)
    stored_wh: tuple[int, int] = (0, 0)
    digest: int = 0
    difference_hash: int = 0
    small: np.ndarray = np.zeros((SMALL, SMALL), np.uint8)


@dataclass
class Scan:
    """Facts about image files, one row for each looked at.

    Attributes:
        index: indices of the images in the table, ascending (M,).
        problems: why each file could not be read, "" where it could (M).
        missing: which files are not there (M,).
        size_wh: decoded size with the camera's orientation applied (M, 2).
        stored_wh: size that the file's header states, before that (M, 2).
        digests: digests of the files' bytes (M,) uint64.
        hashes: difference hashes, 64 bits each (M,) uint64.
        small: small grey images (M, 16, 16) uint8.
    """

    index: np.ndarray
    problems: list[str]
    missing: np.ndarray
    size_wh: np.ndarray
    stored_wh: np.ndarray
    digests: np.ndarray
    hashes: np.ndarray
    small: np.ndarray

    @property
    def readable(self) -> np.ndarray:
        return np.array([not problem for problem in self.problems], bool)


def scan_images(
    paths: Sequence[str],
    *,
    most: int | None = None,
    threads: int | None = None,
    name: str = "",
) -> Scan:
    """Read image files, several at a time.

    Args:
        paths: paths of all images of a table.
        most: number of images to look at, spread evenly; None for all.
        threads: number of threads; by default one for each processor, at most ``MAX_THREADS``.
        name: name of the table, shown beside the progress bar.
    """
    index = np.arange(len(paths))
    if most is not None and most < len(paths):
        index = np.unique(np.linspace(0, len(paths) - 1, most).round().astype(np.int64))
    facts: list[ImageFacts] = []
    workers = threads or min(os.cpu_count() or 1, MAX_THREADS)
    with ThreadPoolExecutor(workers) as pool, ProgressBar(f"images {name}", len(index)) as bar:
        for start in range(0, len(index), BATCH):
            batch = [paths[i] for i in index[start : start + BATCH].tolist()]
            for fact in pool.map(look_at, batch):
                facts.append(fact)
                bar.advance()
    return Scan(
        index=index,
        problems=[fact.problem for fact in facts],
        missing=np.array([fact.missing for fact in facts], bool),
        size_wh=np.array([fact.size_wh for fact in facts], np.int64).reshape(-1, 2),
        stored_wh=np.array([fact.stored_wh for fact in facts], np.int64).reshape(-1, 2),
        digests=np.array([fact.digest for fact in facts], np.uint64),
        hashes=np.array([fact.difference_hash for fact in facts], np.uint64),
        small=np.array([fact.small for fact in facts], np.uint8).reshape(-1, SMALL, SMALL),
    )


def look_at(path: str) -> ImageFacts:
    """Read one image file."""
    import cv2

    try:
        data = read_bytes(path)
        stored = check_header(data, MAX_PIXELS)
        gray = decode(data, "grayscale")
    except FileNotFoundError:
        return ImageFacts(f"image {path}: no such file", missing=True)
    except ImageFileError as error:
        return ImageFacts(f"image {path}: {error}")
    return ImageFacts(
        size_wh=(gray.shape[1], gray.shape[0]),
        stored_wh=stored,
        digest=int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little"),
        difference_hash=difference_hash(gray),
        small=cv2.resize(gray, (SMALL, SMALL), interpolation=cv2.INTER_AREA),
    )


def difference_hash(gray: np.ndarray) -> int:
    """Return 64 bits: whether each of 8x9 areas of a grey image is brighter than the one to its left."""
    import cv2

    areas = cv2.resize(gray, (9, 8), interpolation=cv2.INTER_AREA)
    return int.from_bytes(np.packbits(areas[:, 1:] > areas[:, :-1]).tobytes(), "big")
