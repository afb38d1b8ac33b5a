"""Decoded keypoints as instances, one element for each sample."""

from __future__ import annotations

from typing import Any

from posekit.codecs.base import BaseCodec
from posekit.structures.array import is_sequence, is_tensor, to_numpy
from posekit.structures.instance_data import InstanceData


def decode_instances(codec: BaseCodec, outputs: Any) -> list[InstanceData]:
    """Find the keypoints in a batch of outputs.

    Args:
        codec: the decoder.
        outputs: what it takes, an array (B, ...) or a tuple of them.

    Returns:
        For each sample numpy arrays ``keypoints`` (N, K, D) in input space, ``keypoint_scores`` (N, K) and, from a
        codec that decodes visibility, ``keypoints_visible`` (N, K).
    """
    parts: tuple[Any, ...] = outputs if isinstance(outputs, tuple) else (outputs,)
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
