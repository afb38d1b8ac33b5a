"""Keypoints as training targets."""

from __future__ import annotations

from typing import Any

import numpy as np

from posekit.codecs.base import BaseCodec
from posekit.datasets.transforms.base import BaseTransform
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS

TABLES = ("instance_mapping_table", "field_mapping_table", "label_mapping_table")


@TRANSFORMS.register_module()
class GenerateTarget(BaseTransform):
    """Encode the keypoints of the input, by one codec or several, and add what comes out to the results.

    Args:
        encoder: a codec, or a list of them.
        target_type: accepted from older configs; the codec says what it encodes.
        multilevel: of several codecs of one kind, give a list for each encoded key.
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
    for name in TABLES:
        table = {k: v for codec in codecs for k, v in (getattr(codec, name) or {}).items()}
        if table:
            tables[name] = table
    return tables
