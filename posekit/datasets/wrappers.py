"""Data sets made of data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posekit.datasets.base import SHARED_KEYS, BaseDataset
from posekit.datasets.records import Records
from posekit.datasets.transforms.base import BaseTransform
from posekit.registry import DATASETS


@DATASETS.register_module()
class CombinedDataset(BaseDataset):
    """Several data sets, one after the other, as one keypoint set.

    Each one's own pipeline runs first (a ``KeypointConverter``, say), then the common ``pipeline``.

    Args:
        metainfo: the common keypoint set.
        datasets: built, or their configs.
        pipeline: transforms after those of the data set.
        sample_ratio_factor: how often to visit each data set's samples per epoch; 0.5 is half of them, drawn anew.
        kwargs: of ``BaseDataset``.
    """

    def __init__(
        self,
        metainfo: Mapping[str, Any],
        datasets: list[BaseDataset],
        pipeline: Sequence[BaseTransform] = (),
        sample_ratio_factor: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        self.datasets = [_built(dataset) for dataset in datasets]
        self.sample_ratio_factor = sample_ratio_factor
        if sample_ratio_factor is not None and (
            len(sample_ratio_factor) != len(self.datasets) or min(sample_ratio_factor) < 0
        ):
            raise ValueError(
                f"CombinedDataset.sample_ratio_factor: give one number >= 0 for each of the {len(self.datasets)} "
                f"data sets, found {list(sample_ratio_factor)}"
            )
        super().__init__(metainfo=metainfo, pipeline=pipeline, **kwargs)

    @property
    def seed(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self._seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self._seed = seed
        for dataset in self.datasets:
            dataset.seed = seed

    def available_keys(self) -> set[str]:
        """Return the keys that all data sets' own pipelines leave."""
        provided = [
            dataset.available_keys().union(*(getattr(step, "provides", ()) for step in dataset.pipeline))
            for dataset in self.datasets
        ]
        return set.intersection(*provided) if provided else super().available_keys()

    def load_data_list(self) -> Sequence[dict[str, Any]]:
        """Return which data set each sample is from, and where in its turn it stands there."""
        sizes = [len(dataset) for dataset in self.datasets]
        factors = self.sample_ratio_factor or [1] * len(sizes)
        self.lens = [round(size * factor) for size, factor in zip(sizes, factors, strict=True)]
        columns = dict(
            source=np.repeat(np.arange(len(sizes)), self.lens),
            place=np.concatenate([np.arange(count) for count in self.lens] or [np.arange(0)]),
        )
        return Records(columns, np.arange(sum(self.lens)))

    def set_epoch(self, epoch: int) -> None:
        super().set_epoch(epoch)
        for dataset in self.datasets:
            dataset.set_epoch(epoch)

    def get_data_info(self, index: int) -> dict[str, Any]:
        """Return the sample that the data set's own pipeline gives, with the common keypoint set's keys.

        ``dataset_name`` stays that of the data set, by which ``MultiDatasetEvaluator`` tells samples apart.
        """
        row = super().get_data_info(index)
        source = self.datasets[row["source"]]
        sample = source[self._sampled(row["source"], row["place"])]
        sample.pop("dataset", None)
        shared = {key: row[key] for key in SHARED_KEYS if key in row}
        sample.update(shared, dataset_name=sample.get("dataset_name", shared.get("dataset_name")))
        sample["sample_idx"] = row["sample_idx"]
        return sample

    def _sampled(self, source: int, place: int) -> int:
        """Return the index to take where a data set is visited more or less often than once."""
        if self.sample_ratio_factor is None:
            return place
        size, count = len(self.datasets[source]), self.lens[source]
        rng = np.random.default_rng((self.seed, self.epoch, source, place))
        return min(int((place + rng.random()) * size / count), size - 1)

    def _describe(self, index: int) -> str:
        row = self.data_list[index]
        return f"data set {row['source']} of CombinedDataset, sample {index}"


@DATASETS.register_module()
class ConcatDataset(CombinedDataset):
    """Data sets of one keypoint set, one after the other; the set is that of the first."""

    def __init__(self, datasets: list[BaseDataset], **kwargs: Any) -> None:
        super().__init__(metainfo={}, datasets=datasets, **kwargs)
        self._metainfo = self.datasets[0].metainfo
        names = [dataset._metainfo.get("keypoint_id2name") for dataset in self.datasets]
        if any(other != names[0] for other in names):
            sets = [dataset._metainfo.get("dataset_name") for dataset in self.datasets]
            raise ValueError(
                f"ConcatDataset: keypoint sets differ ({sets}); use CombinedDataset with KeypointConverter"
            )


@DATASETS.register_module()
class RepeatDataset(BaseDataset):
    """A data set whose epoch visits every sample several times.

    Args:
        dataset: built, or its config.
        times: visits of each sample.
    """

    def __init__(self, dataset: BaseDataset, times: int) -> None:
        if times < 1:
            raise ValueError(f"RepeatDataset.times: must be at least 1, found {times}")
        self.dataset = _built(dataset)
        self.times = times
        super().__init__(test_mode=self.dataset.test_mode, max_refetch=self.dataset.max_refetch)
        self._metainfo = self.dataset.metainfo

    def load_data_list(self) -> Sequence[dict[str, Any]]:
        return Records(dict(place=np.tile(np.arange(len(self.dataset)), self.times)))

    def set_epoch(self, epoch: int) -> None:
        super().set_epoch(epoch)
        self.dataset.set_epoch(epoch)

    def get_data_info(self, index: int) -> dict[str, Any]:
        return self.dataset.get_data_info(self.data_list[index]["place"])

    def prepare_data(self, index: int) -> Any:
        """Run the data set's pipeline; each visit of a sample draws its own random numbers."""
        results = self.dataset.own_record(self.data_list[index]["place"])
        results["rng"] = np.random.default_rng((self.seed, self.epoch, index))
        return self.dataset.pipeline(results)  # pyright: ignore[reportArgumentType]

    def _describe(self, index: int) -> str:
        return self.dataset._describe(self.data_list[index]["place"])


def _built(dataset: Any) -> Any:
    return DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
