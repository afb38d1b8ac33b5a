"""Keypoints as training targets, made for each sample in a worker or for a whole batch on the device.

Keypoints that a worker sends to the trainer take kilobytes, heatmaps megabytes. Where the codec encodes whole
batches, ``GenerateTarget`` splits into ``KeepKeypoints`` for the workers and ``EncodeTargets`` for the device.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from posekit.codecs.base import BaseCodec
from posekit.datasets.transforms.base import BaseTransform, DeviceTransform
from posekit.datasets.transforms.pack_pose_inputs import PackPoseInputs
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS

if TYPE_CHECKING:
    from torch import Tensor

    from posekit.structures import PoseBatch

GROUPS = {
    "instance_mapping_table": "gt_instances",
    "field_mapping_table": "gt_fields",
    "label_mapping_table": "gt_instance_labels",
}
"""The part of a sample into which each mapping table packs."""

CODEC_INPUTS = ("transformed_keypoints", "keypoints_visible", "dataset_keypoint_weights")
"""Instance labels from which the device encodes."""


@TRANSFORMS.register_module()
class GenerateTarget(BaseTransform):
    """Encode the keypoints of the input, by one codec or several, and add what comes out to the results.

    Args:
        encoder: a codec, or a list of them.
        target_type: accepted from older configs; the codec says what it encodes.
        multilevel: whether several codecs of one kind give a list for each encoded key.
            Otherwise several codecs must encode different keys, except for
            ``keypoint_weights``, which are multiplied.
        use_dataset_keypoint_weights: multiply ``keypoint_weights`` by those of the keypoint set.

    Raises:
        ValueError: if ``multilevel`` has no list of codecs, or the codecs' keys do not fit together.
    """

    requires = ("keypoints", "keypoints_visible")

    def __init__(
        self,
        encoder: BaseCodec | list[BaseCodec],
        target_type: str | None = None,
        multilevel: bool = False,
        use_dataset_keypoint_weights: bool = False,
    ) -> None:
        if multilevel and not isinstance(encoder, list):
            raise ValueError("GenerateTarget.multilevel: needs a list of encoders, one for each level")
        self.encoder = encoder
        self.multilevel = multilevel
        self.use_dataset_keypoint_weights = use_dataset_keypoint_weights

    def transform(self, results: Results) -> Results:
        keypoints, visible = input_keypoints(results)
        encoders = self.encoder if isinstance(self.encoder, list) else [self.encoder]
        encoded = [
            codec.encode(
                keypoints=keypoints,
                keypoints_visible=visible,
                **{key: results.get(key) for key in codec.auxiliary_encode_keys},
            )
            for codec in encoders
        ]
        targets = self.combine(encoded)
        if self.use_dataset_keypoint_weights and "keypoint_weights" in targets:
            targets["keypoint_weights"] = scale_weights(
                targets["keypoint_weights"], results["dataset_keypoint_weights"]
            )
        results.update(targets)  # pyright: ignore[reportCallIssue, reportArgumentType]
        results.update(mapping_tables(encoders))  # pyright: ignore[reportCallIssue, reportArgumentType]
        return results

    def split(self, earlier: Sequence[Any]) -> tuple[list[BaseTransform], list[DeviceTransform]] | None:
        """Leave the encoding to the device, if one codec encodes whole batches of keypoints in a crop of one size."""
        is_crop = any("transformed_keypoints" in getattr(step, "provides", ()) for step in earlier)
        if isinstance(self.encoder, list) or not is_crop or not encodes_batches(self.encoder):
            return None
        return [KeepKeypoints(self.encoder, self.use_dataset_keypoint_weights)], [EncodeTargets(self.encoder)]

    def combine(self, encoded: list[dict[str, Any]]) -> dict[str, Any]:
        """Join what each codec encoded."""
        if not isinstance(self.encoder, list):
            return dict(encoded[0])
        if self.multilevel:
            if any(item.keys() != encoded[0].keys() for item in encoded):
                raise ValueError(
                    f"GenerateTarget.multilevel: the encoders give different keys, {[sorted(e) for e in encoded]}"
                )
            return {key: [item[key] for item in encoded] for key in encoded[0]}
        joined: dict[str, Any] = {}
        for item in encoded:
            for key, value in item.items():
                if key == "keypoint_weights":
                    joined[key] = joined.get(key, 1) * value
                elif key in joined:
                    raise ValueError(
                        f"GenerateTarget.encoder: two encoders give '{key}'; "
                        "use multilevel=True for several levels of one target"
                    )
                else:
                    joined[key] = value
        return joined


class KeepKeypoints(BaseTransform):
    """What workers run in place of GenerateTarget: it has the codec's inputs packed as instance labels."""

    requires = ("keypoints", "keypoints_visible")
    provides = ("transformed_keypoints", "label_mapping_table")

    def __init__(self, codec: BaseCodec, use_dataset_keypoint_weights: bool) -> None:
        self.use_dataset_keypoint_weights = use_dataset_keypoint_weights
        self._tables = mapping_tables([codec])
        labels = {key: key for key in ("transformed_keypoints", "keypoints_visible")}
        targets = self._tables.get("label_mapping_table", PackPoseInputs.label_mapping_table)
        if "keypoints_visible_weights" in targets:
            labels["keypoints_visible_weights"] = targets["keypoints_visible_weights"]
        if use_dataset_keypoint_weights:
            labels["dataset_keypoint_weights"] = "dataset_keypoint_weights"
        self._tables["label_mapping_table"] = labels

    def transform(self, results: Results) -> Results:
        keypoints, visible = input_keypoints(results)
        results["transformed_keypoints"] = keypoints
        if self.use_dataset_keypoint_weights:
            results["dataset_keypoint_weights"] = np.broadcast_to(results["dataset_keypoint_weights"], visible.shape)
        results.update(self._tables)  # pyright: ignore[reportCallIssue, reportArgumentType]
        return results


class EncodeTargets(DeviceTransform):
    """Encodes the keypoints of a batch on their device and adds the targets to the samples."""

    def __init__(self, codec: BaseCodec) -> None:
        self.codec = codec

    def describe(self) -> str:
        return f"targets of {type(self.codec).__name__}"

    def apply(self, inputs: Tensor, samples: PoseBatch) -> Tensor:
        labels = {name: samples.get(f"gt_instance_labels.{name}") for name in CODEC_INPUTS}
        for name, column in encode_columns(self.codec, labels).items():
            samples.set_column(name, column)
        return inputs


def input_keypoints(results: Results) -> tuple[np.ndarray, np.ndarray]:
    """Return the keypoints of the input (N, K, D) and their visibility (N, K).

    A second column of ``keypoints_visible`` moves to ``keypoints_visible_weights``.
    """
    keypoints = results.get("transformed_keypoints")
    if keypoints is None:
        keypoints = results["keypoints"]
    visible = results["keypoints_visible"]
    if visible.ndim == 3 and visible.shape[2] == 2:
        visible, weights = visible[..., 0], visible[..., 1]
        results["keypoints_visible"], results["keypoints_visible_weights"] = visible, weights
    return keypoints, visible


def scale_weights(weights: Any, factors: np.ndarray) -> Any:
    return [w * factors for w in weights] if isinstance(weights, list) else weights * factors


def mapping_tables(codecs: list[BaseCodec]) -> dict[str, dict[str, str]]:
    """Join the tables, where codecs have any, that say under which name PackPoseInputs packs a key."""
    tables: dict[str, dict[str, str]] = {}
    for name in GROUPS:
        table = {k: v for codec in codecs for k, v in (getattr(codec, name) or {}).items()}
        if table:
            tables[name] = table
    return tables


def encodes_batches(codec: BaseCodec) -> bool:
    """Whether ``codec`` overrides ``encode_batch`` and needs nothing but keypoints for it."""
    return type(codec).encode_batch is not BaseCodec.encode_batch and not codec.auxiliary_encode_keys


def encode_columns(codec: BaseCodec, labels: Mapping[str, Any]) -> dict[str, Any]:
    """Encode a batch from what ``KeepKeypoints`` had packed.

    Shapes: B batch, N instances, K keypoints.

    Args:
        codec: encodes whole batches.
        labels: stacked ``gt_instance_labels``: ``transformed_keypoints`` (B, N, K, 2), ``keypoints_visible``
            (B, N, K) and, if the pipeline used them, ``dataset_keypoint_weights`` (B, N, K).

    Returns:
        Targets by column, such as ``gt_fields.heatmaps``, on the device of the keypoints.
    """
    encoded = codec.encode_batch(labels["transformed_keypoints"], labels["keypoints_visible"])
    if "keypoint_weights" in encoded and labels.get("dataset_keypoint_weights") is not None:
        encoded["keypoint_weights"] = encoded["keypoint_weights"] * labels["dataset_keypoint_weights"]
    tables = mapping_tables([codec])
    columns: dict[str, Any] = {}
    for name, group in GROUPS.items():
        table: dict[str, str] = tables[name] if name in tables else getattr(PackPoseInputs, name)
        columns.update({f"{group}.{packed}": encoded[key] for key, packed in table.items() if key in encoded})
    return columns
