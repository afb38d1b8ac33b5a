"""The contract of all codecs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, cast

from posekit.array import Array, is_array, is_sequence, is_tensor, namespace, to_numpy
from posekit.registry import CODECS, Registry
from posekit.structures.instance_data import InstanceData

FLIP_DEFAULTS = {"flip_mode": "heatmap", "shift_heatmap": False, "shift_coords": True}
"""What a flip test does where a model's test_cfg says nothing else."""


class BaseCodec(ABC):
    """Turns keypoints into what a network learns, and a network's outputs into keypoints.

    Written against the array API: numpy arrays give numpy arrays, tensors give tensors on
    their device. ``encode`` takes one sample, ``encode_batch`` and ``batch_decode`` a batch.

    Shapes: B batch, N instances, K keypoints, D coordinates, W H the output's columns and rows.
    Convention: keypoints are (x, y) in input space, pixel centres at integers.

    Attributes:
        auxiliary_encode_keys: entries of the results dict that ``encode`` wants beside keypoints.
        instance_mapping_table: encoded key -> key in ``gt_instances``.
        label_mapping_table: encoded key -> key in ``gt_instance_labels``.
        field_mapping_table: encoded key -> key in ``gt_fields``.
        support_batch_decoding: whether ``batch_decode`` takes a whole batch of outputs.
    """

    registry: ClassVar[Registry] = CODECS
    auxiliary_encode_keys: ClassVar[frozenset[str]] = frozenset()
    instance_mapping_table: ClassVar[dict[str, str]] = {}
    label_mapping_table: ClassVar[dict[str, str]] = {}
    field_mapping_table: ClassVar[dict[str, str]] = {}
    support_batch_decoding: bool = True

    @property
    def round_trip_px(self) -> float:
        """Largest distance, in input pixels, between a keypoint inside the input and its decoded encoding."""
        return 0.0

    def flip_offset_px(self, **options: Any) -> float:
        """How far right, in input pixels, the un-flipped outputs of a mirrored input lie; see ``flip``."""
        return 0.0

    @abstractmethod
    def encode(self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any) -> dict[str, Any]:
        """Turn keypoints into targets.

        Args:
            keypoints: (N, K, D) in input space.
            keypoints_visible: (N, K), below 0.5 for keypoints that are not labelled; None for all labelled.
            auxiliary: what ``auxiliary_encode_keys`` names.
        """

    def encode_batch(
        self, keypoints: Array, keypoints_visible: Array | None = None, **auxiliary: Any
    ) -> dict[str, Any]:
        """Turn keypoints (B, N, K, D) with visibility (B, N, K) into targets with a leading batch dimension.

        ``auxiliary`` values hold one entry per sample. What is no array comes as a list.
        """
        xp = namespace(keypoints)
        samples = [
            self.encode(
                keypoints=keypoints[i],
                keypoints_visible=None if keypoints_visible is None else keypoints_visible[i],
                **{name: values[i] for name, values in auxiliary.items()},
            )
            for i in range(keypoints.shape[0])
        ]
        columns = {name: [sample[name] for sample in samples] for name in (samples[0] if samples else ())}
        return {name: xp.stack(values) if is_array(values[0]) else values for name, values in columns.items()}

    def decode(self, *encoded: Any, **options: Any) -> Any:
        """Find the keypoints in one sample's outputs.

        Returns:
            Keypoints (N, K, D) in input space and scores (N, K).

        Raises:
            NotImplementedError: if this codec only prepares targets.
        """
        raise NotImplementedError(f"{type(self).__name__} only prepares targets; the head finds the keypoints itself")

    def batch_decode(self, *encoded: Any, **options: Any) -> Any:
        """Find the keypoints in a batch of outputs.

        Returns:
            For each sample what ``decode`` returns: keypoints (B, N, K, D) or a list, and likewise scores.
        """
        samples = [self.decode(*parts, **options) for parts in zip(*encoded, strict=True)]
        return [sample[0] for sample in samples], [sample[1] for sample in samples]

    def flip(self, outputs: Any, flip_indices: Sequence[int], **options: Any) -> Any:
        """Turn the outputs for a mirrored input into those for the input itself.

        Args:
            outputs: what the decoder takes, with a batch dimension.
            flip_indices: counterpart of each keypoint on the other side.
            options: settings of the flip test, such as ``shift_heatmap``.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no flip test; set flip_test=False in the model's test_cfg"
        )


def visibility_or_ones(keypoints: Array, keypoints_visible: Array | None) -> Array:
    """Return the visibility (..., K), all ones where none is given."""
    if keypoints_visible is not None:
        return keypoints_visible
    return namespace(keypoints).ones_like(keypoints[..., 0])


def single_instance(codec: BaseCodec, keypoints: Array, keypoints_visible: Array | None) -> tuple[Array, Array]:
    """Return keypoints (..., K, D) and visibility (..., 1, K) of samples that hold one instance each.

    Raises:
        ValueError: if there is more than one, or none.
    """
    if keypoints.ndim < 3 or keypoints.shape[-3] != 1:
        raise ValueError(
            f"{type(codec).__name__}.encode: keypoints {tuple(keypoints.shape)}; it encodes one instance at a time, "
            "so the shape must be (..., 1, K, D)"
        )
    return keypoints[..., 0, :, :], visibility_or_ones(keypoints, keypoints_visible)


def decode_instances(codec: BaseCodec, outputs: Any) -> list[InstanceData]:
    """Find the keypoints in a batch of outputs.

    Args:
        codec: the decoder.
        outputs: what it takes, an array (B, ...) or a tuple of them.

    Returns:
        For each sample numpy arrays ``keypoints`` (N, K, D) in input space, ``keypoint_scores`` (N, K) and, from a
        codec that decodes visibility, ``keypoints_visible`` (N, K).
    """
    parts = cast("tuple[Any, ...]", outputs if isinstance(outputs, tuple) else (outputs,))
    if codec.support_batch_decoding:
        keypoints, scores = arrays(codec.batch_decode(*parts))
    else:
        pairs = [codec.decode(*sample) for sample in zip(*arrays(parts), strict=True)]
        keypoints, scores = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return [instances_of(*pair) for pair in zip(keypoints, scores, strict=True)]


def instances_of(keypoints: Any, scores: Any) -> InstanceData:
    """Wrap decoded keypoints (N, K, D) and scores (N, K), or a pair of scores and visibilities."""
    if isinstance(scores, tuple):
        return InstanceData(keypoints=keypoints, keypoint_scores=scores[0], keypoints_visible=scores[1])
    return InstanceData(keypoints=keypoints, keypoint_scores=scores)


def arrays(outputs: Any) -> Any:
    """Bring the tensors in nested tuples and lists to numpy on the CPU."""
    if is_sequence(outputs):
        return type(outputs)(arrays(item) for item in outputs)
    return to_numpy(outputs) if is_tensor(outputs) else outputs


BaseKeypointCodec = BaseCodec
"""The name of MMPose 1.x."""
