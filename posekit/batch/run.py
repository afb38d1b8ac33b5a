"""The run of a batch job: shards that are left go through the workers and are committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from posekit.batch.committer import Committer
from posekit.batch.job_folder import JobFolder
from posekit.batch.shard import Shard
from posekit.batch.stages import ModelOptions
from posekit.batch.stream import pose_stream
from posekit.batch.workers import Workers


@dataclass
class Tally:
    """Number of images that were committed.

    Attributes:
        poses: number of images with a row among the poses.
        errors: number of images with a row among the errors.
    """

    poses: int = 0
    errors: int = 0

    @property
    def images(self) -> int:
        return self.poses + self.errors


def run(
    folder: JobFolder,
    shards: Sequence[Shard],
    options: ModelOptions,
    workers: Workers,
    *,
    detects: bool,
    advance: Callable[[int], object] = lambda images: None,
) -> Tally:
    """Find the poses of all images of shards, and commit them.

    Args:
        folder: folder of the job, which is open.
        shards: shards that are not committed.
        options: what the models are opened with.
        workers: workers; the cluster is connected.
        detects: whether there is a stage that looks for boxes.
        advance: callback that receives the number of images that have come.

    Raises:
        OSError: if the results cannot be written, or a worker fails in a way that a new one would repeat.
    """
    committer, tally = Committer(folder, shards), Tally()
    for table in pose_stream(shards, options, workers, detects=detects):
        for entry in committer.take(table):
            tally.poses += entry.poses
            tally.errors += entry.errors
        advance(len(table) - sum(table["end"].to_pylist()))
    if committer.shards:
        raise OSError(
            f"{folder.path}: {len(committer.shards)} shards did not come through; give the same command again"
        )
    return tally
