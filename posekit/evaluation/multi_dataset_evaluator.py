"""Evaluation over several datasets at once, each with its own metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from posekit.evaluation.metrics.base import BaseMetric, look_up
from posekit.registry import DATASETS, METRICS


@METRICS.register_module()
class MultiDatasetEvaluator(BaseMetric):
    """Hands each sample to the metric of the dataset that it is from, for evaluation on a ``CombinedDataset``.

    Samples are told apart by ``dataset_name``; one without it is of the whole's own dataset. Values
    keep their metric's names; where two datasets give the same name, each puts its own in front.

    Args:
        metrics: one for each dataset.
        datasets: their configs, for the keypoint sets; nothing is loaded.
        collect_device: as for any metric.
        prefix: put before all names.
    """

    def __init__(
        self,
        metrics: list[BaseMetric],
        datasets: Sequence[Mapping[str, Any]],
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if len(metrics) != len(datasets) or not metrics:
            raise ValueError(
                f"MultiDatasetEvaluator: {len(metrics)} metrics for {len(datasets)} datasets; give one for each"
            )
        metas = [metainfo_of(dataset) for dataset in datasets]
        names = [str(meta.get("dataset_name")) for meta in metas]
        repeated = [name for name, count in Counter(names).items() if count > 1]
        if repeated:
            raise ValueError(
                f"MultiDatasetEvaluator: several datasets are named '{repeated[0]}', and samples are told apart by "
                "that name; give each another dataset_name in its metainfo"
            )
        self.metrics = dict(zip(names, metrics, strict=True))
        for metric, meta in zip(metrics, metas, strict=True):
            metric.dataset_meta = meta

    def settled_meta(self, dataset_meta: dict[str, Any] | None) -> dict[str, Any] | None:
        """Give the metrics the keypoint set of the whole, to which the datasets' keypoints are converted."""
        for metric in self.metrics.values():
            if not metric.reads_file:  # a file's keypoints are not converted
                metric.dataset_meta = {**(metric.dataset_meta or {}), **(dataset_meta or {})}
        return dataset_meta

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Let the metric of each sample's dataset make its entries."""
        for sample in data_samples:
            name = look_up(sample, "dataset_name", (self.dataset_meta or {}).get("dataset_name"))
            if name not in self.metrics:
                raise ValueError(
                    f"MultiDatasetEvaluator: sample {look_up(sample, 'id')} is of dataset {name!r}, which has no "
                    f"metric; there are metrics for {', '.join(self.metrics)}"
                )
            self.results.append((name, self.metrics[name].entries_of(data_batch, sample)))

    def compute_metrics(self, results: list[tuple[str, list[Any]]]) -> dict[str, float]:
        """Compute each dataset's metrics; one without samples has none."""
        values = {}
        for name, metric in self.metrics.items():
            entries = [entry for owner, part in results if owner == name for entry in part]
            if entries:
                values[name] = metric.named_metrics(entries)
        shared = Counter(key for part in values.values() for key in part)
        return {
            f"{name}/{key}" if shared[key] > 1 else key: value
            for name, part in values.items()
            for key, value in part.items()
        }

    @property
    def per_keypoint(self) -> dict[str, dict[str, float]]:
        """The values of single keypoints that the metrics have noted, by dataset and metric."""
        noted = {name: getattr(metric, "per_keypoint", {}) for name, metric in self.metrics.items()}
        return {f"{name}/{key}": values for name, part in noted.items() for key, values in part.items()}


def metainfo_of(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keypoint set that a dataset's config asks for."""
    return DATASETS.build({**dataset, "pipeline": (), "lazy_init": True}).metainfo
