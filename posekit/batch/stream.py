"""The stream of a batch job: the stages as a Ray Data dataset, whose blocks reach the driver as they are done."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from posekit.batch.shard import Shard
from posekit.batch.stages import IMAGES_AT_ONCE, FindBoxes, FindPoses, ModelOptions, read
from posekit.batch.workers import DETECT, POSE, READ, Workers

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES = 2**25
"""Bytes of images from which they are handed on to the next stage."""


def pose_stream(
    shards: Sequence[Shard], options: ModelOptions, workers: Workers, *, detects: bool
) -> Iterator[pa.Table]:
    """Yield the poses of all images of shards, in any order.

    Args:
        shards: shards to read, each by one task.
        options: what the models are opened with.
        workers: workers that do it.
        detects: whether there is a stage that looks for boxes.

    Raises:
        OSError: if a worker fails in a way that a new one would repeat.
    """
    import ray  # pyright: ignore[reportMissingImports]
    from ray.exceptions import RayError  # pyright: ignore[reportMissingImports]

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.target_max_block_size = BLOCK_BYTES
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    dataset = ray.data.read_datasource(
        shard_source(shards),
        override_num_blocks=len(shards),
        concurrency=workers.readers,
        **workers.reserved(READ),
    )
    actors: dict[str, Any] = {"batch_size": IMAGES_AT_ONCE, "batch_format": "pyarrow", "concurrency": workers.count}
    if detects:
        arguments = {"options": options, "device": workers.device}
        dataset = dataset.map_batches(
            FindBoxes, fn_constructor_kwargs=arguments, zero_copy_batch=True, **actors, **workers.reserved(DETECT)
        )
    arguments = {"options": options, "device": workers.device, "detects": detects}
    dataset = dataset.map_batches(
        FindPoses, fn_constructor_kwargs=arguments, zero_copy_batch=True, **actors, **workers.reserved(POSE)
    )
    try:
        yield from dataset.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)
    except RayError as error:
        reason = str(getattr(error, "cause", None) or error).strip().splitlines()[-1]
        raise OSError(
            f"a worker failed: {reason}; shards that are committed stay, and the same command goes on with the others"
        ) from error


def shard_source(shards: Sequence[Shard]) -> Any:
    """Return Ray's source of shards: a task for each."""
    from ray.data.block import BlockMetadata  # pyright: ignore[reportMissingImports]
    from ray.data.datasource import Datasource, ReadTask  # pyright: ignore[reportMissingImports]

    class ShardSource(Datasource):
        def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
            return [ReadTask(lambda shard=shard: read(shard), metadata(shard)) for shard in shards]

        def estimate_inmemory_data_size(self) -> None:
            return None

    def metadata(shard: Shard) -> BlockMetadata:
        return BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)

    return ShardSource()
