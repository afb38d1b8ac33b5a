"""The base of all metrics: gather per-sample results, then compute once."""

from __future__ import annotations

import itertools
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from posekit.array import to_numpy
from posekit.registry import METRICS


class BaseMetric(ABC):
    """Gathers what it needs of each sample and computes numbers from all of it.

    A subclass appends one entry per sample to ``self.results`` in ``process`` and
    turns the entries of all samples into named values in ``compute_metrics``.
    Samples are dictionaries or ``PoseDataSample`` objects; arrays may be tensors.

    Args:
        collect_device: device on which results of several processes meet; "cpu" or "gpu", without
            effect: results are gathered by the process group's own backend.
        prefix: put before each name as ``prefix/name``; by default ``default_prefix``.
    """

    registry = METRICS
    default_prefix: str | None = None
    reads_file: bool = False
    """Whether the labels are those of an annotation file, not of the samples."""

    def __init__(self, collect_device: str = "cpu", prefix: str | None = None) -> None:
        if collect_device not in ("cpu", "gpu"):
            raise ValueError(f"{type(self).__name__}: collect_device is {collect_device!r}; use 'cpu' or 'gpu'")
        self.collect_device = collect_device
        self.prefix = self.default_prefix if prefix is None else prefix
        self.results: list[Any] = []
        self._dataset_meta: dict[str, Any] | None = None

    @property
    def dataset_meta(self) -> dict[str, Any] | None:
        """The keypoint set of the evaluated dataset, as ``dataset.metainfo``."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict[str, Any] | None) -> None:
        self._dataset_meta = self.settled_meta(dataset_meta)

    def settled_meta(self, dataset_meta: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return the keypoint set to keep; metrics that depend on it take from it what they need."""
        return dataset_meta

    @abstractmethod
    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Append one entry per sample of a batch to ``self.results``."""

    @abstractmethod
    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """Compute the metrics from the entries of all samples."""

    def evaluate(self, size: int) -> dict[str, float]:
        """Compute the metrics of everything processed, of all ranks, and forget it.

        Args:
            size: number of samples of the dataset; what a distributed sampler padded
                beyond it is dropped.

        Raises:
            ValueError: if nothing was processed.
        """
        results = gather(self.results)[:size]
        self.results = []
        if not results:
            raise ValueError(f"{type(self).__name__}: no sample was processed; is the dataset empty?")
        return self.named_metrics(results)

    def named_metrics(self, results: list[Any]) -> dict[str, float]:
        """Compute the metrics from the entries of all samples, by names with the prefix."""
        metrics = {name: float(value) for name, value in self.compute_metrics(results).items()}
        return {f"{self.prefix}/{name}": value for name, value in metrics.items()} if self.prefix else metrics

    def entries_of(self, data_batch: Any, sample: Any) -> list[Any]:
        """Return what ``process`` makes of one sample, for metrics that keep it with their own results."""
        gathered, self.results = self.results, []
        try:
            self.process(data_batch, [sample])
            return self.results
        finally:
            self.results = gathered

    def meta(self, key: str) -> Any:
        """Return ``dataset_meta[key]``.

        Raises:
            ValueError: if the meta information was not set or lacks the key.
        """
        if not self.dataset_meta or self.dataset_meta.get(key) is None:
            raise ValueError(
                f"{type(self).__name__}: needs dataset_meta['{key}']; set metric.dataset_meta = dataset.metainfo"
            )
        return self.dataset_meta[key]

    def by_keypoint(self, values: Iterable[float]) -> dict[str, float]:
        """Name the values of all keypoints, by number where the meta information has no names."""
        names = (self.dataset_meta or {}).get("keypoint_id2name", {})
        return {names.get(i, str(i)): float(value) for i, value in enumerate(values)}

    def required(self, sample: Any, path: str) -> np.ndarray:
        """Return the array at ``path`` of a sample, as ``gt_instances.keypoints``.

        Raises:
            ValueError: if the sample has nothing there.
        """
        value = look_up(sample, path)
        if value is None:
            raise ValueError(f"{type(self).__name__}: sample {look_up(sample, 'id')} has no {path}")
        return to_numpy(value)


def look_up(node: Any, path: str, default: Any = None) -> Any:
    """Return what lies at the dotted ``path`` of nested dictionaries or objects, else ``default``."""
    for name in path.split("."):
        node = node.get(name) if isinstance(node, Mapping) else getattr(node, name, None)
        if node is None:
            return default
    return node


def gather(results: list[Any]) -> list[Any]:
    """Return the results of all ranks in the order in which a distributed sampler dealt them out."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return results
    parts: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(parts, results)
    missing = object()
    dealt = itertools.chain.from_iterable(itertools.zip_longest(*parts, fillvalue=missing))
    return [entry for entry in dealt if entry is not missing]
