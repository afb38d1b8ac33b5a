"""Collects the rows of shards, however they arrive, and commits each shard once all its rows are there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from posekit.batch.job_folder import Committed, JobFolder
from posekit.batch.shard import Shard

if TYPE_CHECKING:
    import pyarrow as pa

ERROR_COLUMNS = ("shard", "row", "image", "frame", "error")


class Committer:
    """Writes shards.

    Args:
        folder: folder of the job.
        shards: shards that are to come.
    """

    def __init__(self, folder: JobFolder, shards: Iterable[Shard]) -> None:
        self.folder = folder
        self.shards = {shard.number: shard for shard in shards}
        self.parts: dict[int, list[pa.Table]] = {}

    def take(self, table: pa.Table) -> list[Committed]:
        """Take rows of any shards, and return the shards that are complete with them.

        Rows of a shard that is committed already, and rows that came before, do not count: a worker that was killed
        may have handed over a part of what its successor makes again.
        """
        import pyarrow as pa

        committed = []
        numbers = table["shard"].to_numpy()
        for number in np.unique(numbers).tolist():
            if number not in self.shards:
                continue
            self.parts.setdefault(number, []).append(table.filter(pa.array(numbers == number)))
            if (rows := complete(self.parts[number])) is not None:
                committed.append(self.commit(self.shards.pop(number), rows))
                del self.parts[number]
        return committed

    def commit(self, shard: Shard, rows: pa.Table) -> Committed:
        """Write the rows of a shard: each image once, among the poses or among the errors."""
        fine = rows["error"].is_null()
        poses = rows.filter(fine).drop_columns(["end", "error"])
        return self.folder.commit(shard, poses, rows.filter(rows["error"].is_valid()).select(ERROR_COLUMNS))


def complete(parts: list[pa.Table]) -> pa.Table | None:
    """Return the images of a shard in order, each once; None if some are still to come."""
    import pyarrow as pa

    if not any(part["end"].to_numpy().any() for part in parts):
        return None
    rows = pa.concat_tables(parts)
    numbers, first = np.unique(rows["row"].to_numpy(), return_index=True)
    rows = rows.take(pa.array(first))
    is_end = rows["end"].to_numpy()
    return rows.filter(pa.array(~is_end)) if len(rows) == numbers[is_end][0] + 1 else None
