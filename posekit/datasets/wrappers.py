"""Datasets made of datasets."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from posekit.datasets.base import SHARED_KEYS, BaseDataset
from posekit.datasets.records import Records
from posekit.datasets.transforms.base import BaseTransform
from posekit.registry import DATASETS


class WrapperDataset(BaseDataset):
    """A dataset whose samples are those of others.

    Args:
        datasets: built, or their configs.
        kwargs: arguments of ``BaseDataset``.
    """

    def __init__(self, datasets: Sequence[BaseDataset], **kwargs: Any) -> None:
        if not datasets:
            raise ValueError(f"{type(self).__name__}.datasets: needs at least one dataset")
        self.datasets = [DATASETS.build(part) if isinstance(part, dict) else part for part in datasets]
        super().__init__(**kwargs)

    @property
    def seed(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self._seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self._seed = seed
        for dataset in self.datasets:
            dataset.seed = seed

    def set_epoch(self, epoch: int) -> None:
        super().set_epoch(epoch)
        for dataset in self.datasets:
            dataset.set_epoch(epoch)

    @contextmanager
    def visited(self, source: int, number: int) -> Iterator[BaseDataset]:
        """Lend one of the datasets for one visit; each visit draws its own random numbers."""
        dataset = self.datasets[source]
        before, dataset.visit = dataset.visit, (*self.visit, 3, number)
        try:
            yield dataset
        finally:
            dataset.visit = before


@DATASETS.register_module()
class CombinedDataset(WrapperDataset):
    """Several datasets, one after the other, as one keypoint set.

    Each one's own pipeline runs first (a ``KeypointConverter``, say), then the common ``pipeline``.

    Args:
        metainfo: the common keypoint set.
        datasets: built, or their configs.
        pipeline: transforms after those of the dataset.
        sample_ratio_factor: number of visits of each dataset's samples per epoch; 0.5 is half of them, drawn anew.
        kwargs: arguments of ``BaseDataset``.
    """

    def __init__(
        self,
        metainfo: Mapping[str, Any],
        datasets: list[BaseDataset],
        pipeline: Sequence[BaseTransform] = (),
        sample_ratio_factor: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        self.sample_ratio_factor = sample_ratio_factor
        if sample_ratio_factor is not None and (
            len(sample_ratio_factor) != len(datasets) or min(sample_ratio_factor) < 0
        ):
            raise ValueError(
                f"CombinedDataset.sample_ratio_factor: give one number >= 0 for each of the {len(datasets)} "
                f"datasets, found {list(sample_ratio_factor)}"
            )
        super().__init__(datasets, metainfo=metainfo, pipeline=pipeline, **kwargs)

    def available_keys(self) -> set[str]:
        """Return the keys that all datasets' own pipelines leave."""
        provided = [
            dataset.available_keys().union(*(getattr(step, "provides", ()) for step in dataset.pipeline))
            for dataset in self.datasets
        ]
        return set.intersection(*provided) if provided else super().available_keys()

    def load_data_list(self) -> Sequence[dict[str, Any]]:
        """Return the dataset of each sample, and its place in that dataset."""
        sizes = [len(dataset) for dataset in self.datasets]
        factors = self.sample_ratio_factor or [1] * len(sizes)
        self.lens = [round(size * factor) for size, factor in zip(sizes, factors, strict=True)]
        columns = dict(
            source=np.repeat(np.arange(len(sizes)), self.lens),
            place=np.concatenate([np.arange(count) for count in self.lens] or [np.arange(0)]),
        )
        return Records(columns, np.arange(sum(self.lens)))

    def sources(self) -> np.ndarray:
        """Return which of the datasets each sample is from (N,)."""
        self.full_init()
        if isinstance(self.data_list, Records):
            return self.data_list.columns["source"][self.data_list.order]
        return np.array([row["source"] for row in self.data_list], np.int64)

    def get_data_info(self, index: int) -> dict[str, Any]:
        """Return the sample that the dataset's own pipeline gives, with the common keypoint set's keys.

        ``dataset_name`` stays that of the dataset, by which ``MultiDatasetEvaluator`` tells samples apart.
        """
        row = super().get_data_info(index)
        with self.visited(row["source"], row["sample_idx"]) as source:
            sample = source[self._sampled(row["source"], row["place"])]
        sample.pop("dataset", None)
        shared = {key: row[key] for key in SHARED_KEYS if key in row}
        sample.update(shared, dataset_name=sample.get("dataset_name", shared.get("dataset_name")))
        sample["sample_idx"] = row["sample_idx"]
        return sample

    def _sampled(self, source: int, place: int) -> int:
        """Return the index to take where a dataset is visited more or less often than once."""
        if self.sample_ratio_factor is None:
            return place
        size, count = len(self.datasets[source]), self.lens[source]
        rng = np.random.default_rng((self.seed, self.epoch, source, place))
        return min(int((place + rng.random()) * size / count), size - 1)

    def _describe(self, index: int) -> str:
        row = self.data_list[index]
        return f"dataset {row['source']} of CombinedDataset, sample {index}"


@DATASETS.register_module()
class ConcatDataset(CombinedDataset):
    """Datasets of one keypoint set, one after the other; the set is that of the first.

    Args:
        datasets: the datasets.
        ignore_keys: pieces of meta information that may differ; with any, keypoint sets are not compared, as for
            detectors, which only read boxes.
        kwargs: arguments of CombinedDataset.

    Raises:
        ValueError: if the keypoint sets differ.
    """

    def __init__(self, datasets: list[BaseDataset], ignore_keys: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(metainfo={}, datasets=datasets, **kwargs)
        self._metainfo = self.datasets[0].metainfo
        names = [dataset.metainfo.get("keypoint_id2name") for dataset in self.datasets]
        if not ignore_keys and any(other != names[0] for other in names):
            sets = [dataset.metainfo.get("dataset_name") for dataset in self.datasets]
            raise ValueError(
                f"ConcatDataset: keypoint sets differ ({sets}); use CombinedDataset with KeypointConverter"
            )


class RevisitingDataset(WrapperDataset):
    """A dataset whose epoch visits the samples of another as often as ``visits`` says, through the same pipeline.

    Args:
        dataset: built, or its config.
        lazy_init: as for ``BaseDataset``.
    """

    def __init__(self, dataset: BaseDataset, lazy_init: bool = False) -> None:
        super().__init__([dataset], lazy_init=True)
        self.dataset = self.datasets[0]
        self.pipeline = self.dataset.pipeline
        self.test_mode, self.max_refetch = self.dataset.test_mode, self.dataset.max_refetch
        if not lazy_init:
            self.full_init()

    def visits(self) -> np.ndarray:
        """Return the index of the sample that each visit of an epoch goes to."""
        raise NotImplementedError

    @property
    def metainfo(self) -> dict[str, Any]:
        return self.dataset.metainfo

    def available_keys(self) -> set[str]:
        return self.datasets[0].available_keys()

    def load_data_list(self) -> Sequence[dict[str, Any]]:
        return Records(dict(place=self.visits()))

    def get_data_info(self, index: int) -> dict[str, Any]:
        """Return the dataset's record; each visit of a sample draws its own random numbers."""
        record = super().get_data_info(index)
        with self.visited(0, record["sample_idx"]) as dataset:
            return {**dataset.get_data_info(record["place"]), "sample_idx": record["sample_idx"]}

    def _describe(self, index: int) -> str:
        return self.dataset._describe(self.data_list[index]["place"])


@DATASETS.register_module()
class RepeatDataset(RevisitingDataset):
    """A dataset whose epoch visits every sample several times, through the same pipeline.

    Args:
        dataset: built, or its config.
        times: visits of each sample.
        lazy_init: as for ``BaseDataset``.
    """

    def __init__(self, dataset: BaseDataset, times: int, lazy_init: bool = False) -> None:
        if times < 1:
            raise ValueError(f"RepeatDataset.times: must be at least 1, found {times}")
        self.times = times
        super().__init__(dataset, lazy_init)

    def visits(self) -> np.ndarray:
        return np.tile(np.arange(len(self.dataset)), self.times)


@DATASETS.register_module()
class ClassBalancedDataset(RevisitingDataset):
    """A dataset whose epoch visits samples of rare categories several times, through the same pipeline.

    A category in a share ``f`` of the samples asks for ``max(1, sqrt(oversample_thr / f))`` visits of each of them; a
    sample is visited as often as its rarest category asks for, rounded up.

    Args:
        dataset: built, or its config. Categories are its ``get_cat_ids(index)`` where it has that, else the records'
            ``category_id``.
        oversample_thr: share below which a category is rare, 0 to 1.
        lazy_init: as for ``BaseDataset``.

    Raises:
        ValueError: if the threshold is out of range, or the records have no categories.

    Source: Gupta et al., arXiv 1908.03195, appendix B.
    """

    def __init__(self, dataset: BaseDataset, oversample_thr: float, lazy_init: bool = False) -> None:
        if not 0 <= oversample_thr <= 1:
            raise ValueError(f"ClassBalancedDataset.oversample_thr: must be between 0 and 1, found {oversample_thr}")
        self.oversample_thr = oversample_thr
        super().__init__(dataset, lazy_init)

    def visits(self) -> np.ndarray:
        categories = [set(self.categories(index)) for index in range(len(self.dataset))]
        counts = Counter(category for sample in categories for category in sample)
        rare = {
            category: max(1.0, math.sqrt(self.oversample_thr * len(categories) / count))
            for category, count in counts.items()
        }
        times = [math.ceil(max((rare[category] for category in sample), default=1.0)) for sample in categories]
        return np.repeat(np.arange(len(categories)), times)

    def categories(self, index: int) -> Iterable[int]:
        """Return the categories of a sample."""
        dataset: Any = self.dataset
        if hasattr(dataset, "get_cat_ids"):
            return dataset.get_cat_ids(index)
        categories = dataset.get_data_info(index).get("category_id")
        if categories is None:
            raise ValueError(
                f"ClassBalancedDataset: the records of {type(dataset).__name__} have no category_id; give the class a "
                "get_cat_ids(index) that returns the categories of a sample"
            )
        return np.ravel(categories).tolist()
