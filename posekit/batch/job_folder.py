"""The folder of a batch job: whose it is, which shards are committed, and the files of each."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posekit.batch.shard import Shard
from posekit.batch.tables import result_of
from posekit.files import read_json, require_writable, write_atomically
from posekit.folder_lock import locked
from posekit.inference.exports.neutral_json import skeleton_from

if TYPE_CHECKING:
    import pyarrow as pa

    from posekit.inference.results import PoseResult

JOB, MANIFEST = "job.json", "manifest.jsonl"
POSES, ERRORS = "poses", "errors"
VERSION = 1


@dataclass(frozen=True)
class Committed:
    """A line of the manifest: a shard whose files are complete.

    Attributes:
        shard: number of the shard.
        source: name of its source.
        poses: number of images with a row among the poses.
        errors: number of images with a row among the errors.
    """

    shard: int
    source: str
    poses: int
    errors: int


class JobFolder:
    """The results of a job.

    Args:
        path: path of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def opened(self, job: Mapping[str, Any]) -> Iterator[dict[int, Committed]]:
        """Begin a job or go on with it, keep other runs out, and give the shards that are committed.

        Args:
            job: facts that the results depend on, as JSON has them.

        Raises:
            FolderInUseError: if another run works on it.
            OSError: if the folder cannot be written to, or holds other things.
            ValueError: if it holds another job.
        """
        self.check(job)
        self.path.mkdir(parents=True, exist_ok=True)
        with locked(self.path, "--out"):
            self.check(job)
            if not (self.path / JOB).exists():
                content = json.dumps({"version": VERSION, **job}, indent=1).encode()
                write_atomically(self.path / JOB, lambda file: file.write(content + b"\n"))
            self.remove_cut_off_line()
            yield {entry.shard: entry for entry in self.committed()}

    @contextmanager
    def looked_at(self, job: Mapping[str, Any]) -> Iterator[dict[int, Committed]]:
        """Give the shards that are committed, as ``opened`` does, and leave the folder as it is."""
        self.check(job)
        yield {entry.shard: entry for entry in self.committed()}

    def check(self, job: Mapping[str, Any]) -> None:
        """Refuse a folder of another job, and one that is none of a job."""
        require_writable(self.path, folder=True)
        if not (self.path / JOB).exists():
            others = (
                [path for path in self.path.iterdir() if not path.name.startswith(".")] if self.path.exists() else []
            )
            if others:
                raise FileExistsError(
                    f"{self.path}: holds {others[0].name} and no batch job; name a new or an empty folder with --out"
                )
            return
        earlier = read_json(self.path / JOB, "batch job")
        now = json.loads(json.dumps({"version": VERSION, **job}))
        if different := differences(earlier, now):
            raise ValueError(
                f"{self.path}: holds another job ({'; '.join(different)}); give what it was begun with to go on, or "
                "another --out"
            )

    def remove_cut_off_line(self) -> None:
        """Remove the end of a line that was cut off when an earlier run was killed."""
        path = self.path / MANIFEST
        if path.exists():
            whole = path.read_bytes().rfind(b"\n") + 1
            os.truncate(path, whole)

    def committed(self) -> Iterator[Committed]:
        """Yield the shards that are committed."""
        path = self.path / MANIFEST
        if path.exists():
            for line in path.read_bytes().splitlines(keepends=True):
                if line.endswith(b"\n"):
                    yield Committed(**json.loads(line))

    def poses(self) -> Iterator[PoseResult]:
        """Yield the poses of all images in the shards that are committed."""
        from pyarrow import parquet

        read: Any = parquet.read_table  # its hints forget that partitioning may be None
        skeleton = skeleton_from(read_json(self.path / JOB, "batch job")["keypoint_set"])
        for entry in self.committed():
            if entry.poses:
                for row in read(self.file_of(POSES, entry.source, entry.shard), partitioning=None).to_pylist():
                    yield result_of(row, skeleton)

    def commit(self, shard: Shard, poses: pa.Table, errors: pa.Table) -> Committed:
        """Write the files of a shard, whole and in place of those of an earlier attempt, then note it.

        Raises:
            OSError: if they cannot be written.
        """
        from pyarrow import parquet

        for name, table in ((POSES, poses), (ERRORS, errors)):
            path = self.file_of(name, shard.source, shard.number)
            if len(table):
                write_atomically(path, lambda file, table=table: parquet.write_table(table, file))
            else:
                path.unlink(missing_ok=True)
        entry = Committed(shard.number, shard.source, len(poses), len(errors))
        with (self.path / MANIFEST).open("ab") as file:
            file.write(json.dumps(asdict(entry)).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return entry

    def file_of(self, name: str, source: str, number: int) -> Path:
        """Return the file of a shard's poses or errors."""
        return self.path / name / f"source={source}" / f"shard-{number:08d}.parquet"


def differences(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Tell in words what differs between two jobs."""
    differing = [name for name in {**earlier, **now} if earlier.get(name) != now.get(name)]
    words = [f"{name} was {short(earlier.get(name))}, is {short(now.get(name))}" for name in differing]
    return [word for word in words if not word.startswith("inputs")] or words


def short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) < 80 else text[:76] + " ..."
