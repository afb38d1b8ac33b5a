"""Any metric of a pose, for groups of keypoints."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posekit.array import to_numpy
from posekit.evaluation.metrics.base import BaseMetric
from posekit.evaluation.metrics.coco_metric import CocoMetric
from posekit.keypoints.mapping import KeypointMapping
from posekit.registry import METRICS

KEYPOINT_FIELDS = ("keypoints", "keypoint_scores", "keypoints_visible", "lifting_target", "lifting_target_visible")
"""Fields of instances whose second axis is that of the keypoints."""


@METRICS.register_module()
class KeypointPartitionMetric(BaseMetric):
    """Computes a metric for each group of keypoints as if there were no others; results are ``group/name``.

    Args:
        metric: config of the metric, such as CocoMetric, PCKAccuracy, AUC or EPE.
        partitions: the keypoints of each group, by its name.
        collect_device: as for any metric.
        prefix: put before all names.
    """

    def __init__(
        self,
        metric: Mapping[str, Any],
        partitions: Mapping[str, Sequence[int]],
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.partitions = {name: list(ids) for name, ids in partitions.items()}
        if not all(self.partitions.values()) or not self.partitions:
            raise ValueError("KeypointPartitionMetric: partitions needs at least one group, and a keypoint in each")
        self.metrics: dict[str, Any] = {name: METRICS.build(copy.deepcopy(dict(metric))) for name in self.partitions}
        self.converts = all(isinstance(metric, CocoMetric) for metric in self.metrics.values())
        if self.converts:
            self._convert()

    def _convert(self) -> None:
        """Have each CocoMetric choose the keypoints itself, as its labels may come from a file."""
        for name, ids in self.partitions.items():
            metric = self.metrics[name]
            if metric.pred_mapping or metric.gt_mapping or type(metric) is not CocoMetric:
                raise ValueError(
                    f"KeypointPartitionMetric: {type(metric).__name__} has parts or converters of its own; "
                    "give a plain CocoMetric, and keypoints of the dataset in partitions"
                )
            pairs = [(source, target) for target, source in enumerate(ids)]
            group = KeypointMapping(pairs, len(ids), owner=f"KeypointPartitionMetric.partitions['{name}']")
            metric.pred_mapping = metric.gt_mapping = group

    @property
    def reads_file(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return any(metric.reads_file for metric in self.metrics.values())

    def settled_meta(self, dataset_meta: dict[str, Any] | None) -> dict[str, Any] | None:
        """Give each group's metric its part of the keypoint set."""
        meta = dataset_meta or {}
        count = meta.get("num_keypoints")
        for name, ids in self.partitions.items():
            strange = [k for k in ids if count is not None and not 0 <= k < count]
            if strange:
                raise ValueError(
                    f"KeypointPartitionMetric.partitions: '{name}' has keypoint {strange[0]}, but there are {count}"
                )
            self.metrics[name].dataset_meta = meta if self.converts else part_of_meta(meta, ids)
        return dataset_meta

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Let each group's metric make its entries of each sample."""
        for sample in data_samples:
            self.required(sample, "pred_instances.keypoints")
            entries = {}
            for name, ids in self.partitions.items():
                part = sample if self.converts else part_of_sample(sample, ids)
                entries[name] = self.metrics[name].entries_of(data_batch, part)
            self.results.append(entries)

    def compute_metrics(self, results: list[dict[str, list[Any]]]) -> dict[str, float]:
        """Compute the metrics of each group."""
        values = {}
        for name, metric in self.metrics.items():
            part_values = metric.named_metrics([entry for result in results for entry in result[name]])
            values |= {f"{name}/{key}": value for key, value in part_values.items()}
        return values


def part_of_meta(meta: Mapping[str, Any], ids: Sequence[int]) -> dict[str, Any]:
    """Return a keypoint set with the chosen keypoints alone, numbered anew."""
    part = {**meta, "num_keypoints": len(ids)}
    if meta.get("sigmas") is not None and len(meta["sigmas"]):
        part["sigmas"] = np.asarray(meta["sigmas"])[list(ids)]
    names = meta.get("keypoint_id2name")
    if names:
        part["keypoint_id2name"] = {new: names[old] for new, old in enumerate(ids)}
        part["keypoint_name2id"] = {names[old]: new for new, old in enumerate(ids)}
    return part


def part_of_sample(sample: Any, ids: Sequence[int]) -> dict[str, Any]:
    """Return a sample with the chosen keypoints alone."""
    part = dict(sample) if isinstance(sample, Mapping) else sample.to_dict()
    for group in ("gt_instances", "pred_instances"):
        instances = dict(part.get(group) or {})
        for key in KEYPOINT_FIELDS:
            if instances.get(key) is not None:
                instances[key] = to_numpy(instances[key])[:, list(ids)]
        part[group] = instances
    return part
