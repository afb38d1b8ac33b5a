"""Batches with a fixed share of each dataset."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler

from posekit.datasets.wrappers import CombinedDataset
from posekit.registry import SAMPLERS

logger = logging.getLogger(__name__)


@SAMPLERS.register_module()
class MultiSourceSampler(Sampler[int]):
    """Orders the samples of a ``CombinedDataset`` so that each batch mixes its datasets by ``source_ratio``.

    A dataset that runs out before the others starts over in a new order. The order follows from (seed, epoch) alone.

    Args:
        dataset: what is sampled.
        batch_size: samples in a batch.
        source_ratio: share of each dataset in a batch.
        shuffle: draw a new order for each epoch.
        round_up: let the last batch be full, too.
        seed: seed of the orders.
        rank, world_size: this process among all; each takes its own part of every dataset.
    """

    registry = SAMPLERS

    def __init__(
        self,
        dataset: CombinedDataset,
        batch_size: int,
        source_ratio: Sequence[float],
        *,
        shuffle: bool = True,
        round_up: bool = True,
        seed: int | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        if not isinstance(dataset, CombinedDataset):
            raise TypeError(f"MultiSourceSampler.dataset: must be a CombinedDataset, found {type(dataset).__name__}")
        if batch_size < 1:
            raise ValueError(f"MultiSourceSampler.batch_size: must be at least 1, found {batch_size}")
        if len(source_ratio) != len(dataset.datasets) or min(source_ratio) < 0 or sum(source_ratio) <= 0:
            raise ValueError(
                f"MultiSourceSampler.source_ratio: give one share >= 0 for each of the {len(dataset.datasets)} "
                f"datasets, found {list(source_ratio)}"
            )
        self.dataset = dataset
        self.batch_size = batch_size
        self.num_per_source = [int(batch_size * share / sum(source_ratio) + 1e-6) for share in source_ratio]
        self.num_per_source[0] = batch_size - sum(self.num_per_source[1:])
        if never := [i for i, share in enumerate(source_ratio) if share > 0 and not self.num_per_source[i]]:
            logger.warning(
                "MultiSourceSampler: batches of %d hold no sample of the datasets %s, whose shares are too small",
                batch_size, never,
            )  # fmt: skip
        self.shuffle = shuffle
        self.round_up = round_up
        self.seed = seed or 0
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        size = -(-len(self.dataset) // self.world_size)
        batches = -(-size // self.batch_size) if self.round_up else size // self.batch_size
        return batches * self.batch_size

    def __iter__(self) -> Iterator[int]:
        batches = len(self) // self.batch_size
        sources = self.dataset.sources()
        parts = [
            self._order(source, np.flatnonzero(sources == source), batches * count).reshape(batches, count)
            for source, count in enumerate(self.num_per_source)
            if count
        ]
        yield from np.concatenate(parts, axis=1).ravel().tolist()

    def _order(self, source: int, indices: np.ndarray, count: int) -> np.ndarray:
        """Return ``count`` of a dataset's ``indices`` for this rank, in as many passes as that takes."""
        if not len(indices):
            raise ValueError(f"MultiSourceSampler: dataset {source} is empty, but has a share in each batch")
        rng = np.random.default_rng((self.seed, self.epoch, source))
        rounds = -(-count * self.world_size // len(indices))
        passes = [rng.permutation(indices) if self.shuffle else indices for _ in range(rounds)]
        return np.concatenate(passes)[self.rank :: self.world_size][:count]
