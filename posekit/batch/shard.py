"""Shards: the parts of a batch job that are read by one task and committed as one file."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from posekit.batch.image_column import image_column
from posekit.media.sources import files_of, free_name
from posekit.media.video import VIDEO_SUFFIXES, VideoReader

TABLE_SUFFIXES, TAR_SUFFIXES = (".parquet",), (".tar", ".tgz")
SHARD_SIZE = 1000
"""Number of images, or rows of a table, in a shard."""

TAR_MEMBERS = 200
"""Number of files of a tar that tell how many images there are in each byte."""


@dataclass(frozen=True)
class Shard:
    """A part of a job.

    Attributes:
        number: its place in the job, from 0.
        source: name of the source, after which its results are partitioned.
        kind: images, video, table or tar.
        places: paths of the images; the path of the video, table or tar.
        start: first row of a table.
        count: number of images, frames or rows; of videos and tars an estimate.
        column: column of a table that holds the images.
    """

    number: int
    source: str
    kind: str
    places: tuple[str, ...]
    start: int = 0
    count: int = 0
    column: str = ""


@dataclass(frozen=True)
class Plan:
    """All shards of a job, in an order that does not change from run to run."""

    shards: tuple[Shard, ...]

    @property
    def count(self) -> int:
        """Number of inputs, as far as it can be told beforehand."""
        return sum(shard.count for shard in self.shards)

    def sha256(self) -> str:
        """Return a hash by which the same inputs in the same shards are known again."""
        digest = hashlib.sha256()
        for shard in self.shards:
            digest.update(json.dumps(asdict(shard)).encode())
        return digest.hexdigest()


def plan_of(sources: Sequence[str], *, shard_size: int = SHARD_SIZE, column: str | None = None) -> Plan:
    """Cut sources into shards.

    Args:
        sources: images, videos, tables, tars, folders of them and patterns.
        shard_size: number of images, or rows of a table, in a shard; a video or a tar is one shard.
        column: column of tables that holds images, paths or URLs; by default the one whose name says so.

    Raises:
        FileNotFoundError: if a source does not exist or holds nothing.
        ValueError: if a table has no such column, or a source is no file.
    """
    taken: set[str] = set()
    shards: list[Shard] = []
    for place in sources:
        name = free_name(re.sub(r"[^\w-]+", "_", Path(place).stem).strip("_") or "source", taken)
        for parts in parts_of(place, shard_size, column):
            shards.append(Shard(len(shards), name, **parts))
    if not sum(shard.count for shard in shards):
        raise FileNotFoundError(f"{', '.join(sources)}: empty; there is no image in it")
    return Plan(tuple(shards))


def parts_of(place: str, shard_size: int, column: str | None) -> Iterator[dict[str, Any]]:
    """Yield the fields of a source's shards but number and name."""
    paths = paths_of(place)
    images = [path for path in paths if suffix_of(path) not in (*VIDEO_SUFFIXES, *TABLE_SUFFIXES, *TAR_SUFFIXES)]
    for start in range(0, len(images), shard_size):
        part = tuple(images[start : start + shard_size])
        yield {"kind": "images", "places": part, "count": len(part)}
    density = None
    for path in paths:
        if suffix_of(path) in VIDEO_SUFFIXES:
            yield {"kind": "video", "places": (path,), "count": num_frames(path)}
        elif suffix_of(path) in TABLE_SUFFIXES:
            name, rows = image_column(path, column)
            for start in range(0, rows, shard_size):
                count = min(shard_size, rows - start)
                yield {"kind": "table", "places": (path,), "start": start, "count": count, "column": name}
        elif suffix_of(path) in TAR_SUFFIXES:
            density = images_per_byte(path) if density is None else density
            yield {"kind": "tar", "places": (path,), "count": round(density * Path(path).stat().st_size)}


def paths_of(place: str) -> list[str]:
    """Return the files of a source; of a folder without images its tables and tars.

    Raises:
        FileNotFoundError: if there are none.
        ValueError: if the source is a camera or a stream.
    """
    packed = (*TABLE_SUFFIXES, *TAR_SUFFIXES)
    if Path(place).is_dir():
        tables = sorted(str(path.absolute()) for path in Path(place).rglob("*") if path.suffix.lower() in packed)
        try:
            return [os.path.abspath(path) for path, _ in files_of(place)]  # noqa: PTH100
        except FileNotFoundError:
            if tables:
                return tables
            raise
    if not Path(place).exists() and ("://" in place or place.isdigit()):
        raise ValueError(
            f"{place}: is no file or folder; list URLs in a Parquet table, and give cameras to posekit predict"
        )
    return [os.path.abspath(path) for path, _ in files_of(place, packed)]  # noqa: PTH100 - the workers may be elsewhere


def suffix_of(path: str) -> str:
    return Path(path).suffix.lower()


def num_frames(path: str) -> int:
    """Return the number of frames that a video announces; 1 if it cannot be opened, which its shard will tell."""
    try:
        reader = VideoReader(path)
    except ValueError:
        return 1
    reader.capture.release()
    return max(reader.num_frames, 1)


def images_per_byte(path: str) -> float:
    """Return how many images a tar has in each byte, as its first files tell; one in all if it is damaged."""
    import tarfile

    from posekit.media.image_file import IMAGE_SUFFIXES

    count, end = 0, 0
    try:
        with tarfile.open(path) as tar:
            for _, member in zip(range(TAR_MEMBERS), tar, strict=False):
                count += member.isfile() and suffix_of(member.name) in IMAGE_SUFFIXES
                end = member.offset_data + member.size
    except (tarfile.TarError, EOFError, OSError):
        pass
    return count / end if count else 1 / max(Path(path).stat().st_size, 1)


def sample_of(shards: Sequence[Shard], num_shards: int) -> list[Shard]:
    """Return some shards, spread evenly."""
    step = max(len(shards) // num_shards, 1)
    return list(shards[::step])[:num_shards]
