"""The order in which an epoch visits a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sized

import numpy as np
from torch.utils.data import Sampler

from posekit.registry import SAMPLERS


@SAMPLERS.register_module()
class DefaultSampler(Sampler[int]):
    """Visits every sample once per epoch, in an order that follows from (seed, epoch) alone.

    Args:
        dataset: what is sampled.
        shuffle: draw a new order for each epoch.
        seed: seed of the orders.
        round_up: repeat samples from the beginning until all ranks get equally many.
        rank, world_size: this process among all; it gets every ``world_size``-th index.
    """

    registry = SAMPLERS

    def __init__(
        self,
        dataset: Sized,
        *,
        shuffle: bool = True,
        seed: int | None = None,
        round_up: bool = True,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = seed or 0
        self.round_up = round_up
        self.rank = rank
        self.world_size = world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def order(self) -> np.ndarray:
        """Return the epoch's order of all indices."""
        size = len(self.dataset)
        return np.random.default_rng((self.seed, self.epoch)).permutation(size) if self.shuffle else np.arange(size)

    def __iter__(self) -> Iterator[int]:
        order = self.order()
        if self.round_up and len(order):
            order = np.resize(order, -(-len(order) // self.world_size) * self.world_size)
        yield from order[self.rank :: self.world_size].tolist()

    def __len__(self) -> int:
        size, ranks = len(self.dataset), self.world_size
        return -(-size // ranks) if self.round_up else -(-(size - self.rank) // ranks)


@SAMPLERS.register_module()
class InfiniteSampler(DefaultSampler):
    """The sampler of configs that count iterations: an epoch after the other, like ``DefaultSampler``."""
