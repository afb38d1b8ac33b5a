"""Base of all heads: losses, test-time flipping and decoding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias

import torch
from torch import Tensor

from posekit.codecs.base import FLIP_DEFAULTS, BaseCodec, decode_instances
from posekit.models.base_module import BaseModule, InitRules
from posekit.models.losses.base import BaseLoss
from posekit.structures import InstanceData, PixelData, PoseBatch, PoseDataSample

Features: TypeAlias = Sequence[Tensor]
Outputs: TypeAlias = Any
"""A tensor, or nested tuples and lists of tensors."""
SampleBatch: TypeAlias = PoseBatch | Sequence[PoseDataSample]
HeadPredictions: TypeAlias = list[InstanceData] | tuple[list[InstanceData], list[PixelData]]

HEATMAPS = "gt_fields.heatmaps"
KEYPOINT_LABELS = "gt_instance_labels.keypoint_labels"
KEYPOINT_WEIGHTS = "gt_instance_labels.keypoint_weights"
RARE = -math.log((1 - 0.01) / 0.01)
"""Initial bias of the logits of rare events: their probability starts at 0.01."""


class BaseHead(BaseModule):
    """Turns features into outputs, and outputs into losses and predictions.

    A subclass builds layers, defines ``forward``, and lists in ``reads`` the columns of a batch that its loss takes
    after the outputs. It overrides ``losses`` where the loss takes something else than the outputs, and ``decodable``
    where the decoder does.

    Args:
        loss: loss that ``losses`` computes.
        decoder: codec that finds keypoints in the outputs; only ``predict`` needs it.
        init_cfg: rules for the initial weights.
    """

    reads: ClassVar[Sequence[str | tuple[str, ...]]] = ()
    keypoint_layers: ClassVar[Sequence[str]] = ()
    """Regular expressions of the names of layers whose outputs belong to keypoints: there, weights of another keypoint
    set are taken over row by row."""
    keypoint_rows_together: ClassVar[bool] = True
    """Whether the rows of a keypoint lie together in these layers (x0 y0 x1 y1), not those of a kind (x0 x1 y0 y1)."""
    keypoint_mixing_layers: ClassVar[Sequence[str]] = ()
    """Those of these layers whose inputs belong to keypoints too: their columns are taken over likewise."""
    keypoint_share: tuple[int, int] = (0, 1)
    """Index and number of the equal parts of the keypoint set; a head for one of two hands has half of the set."""

    def __init__(
        self,
        loss: BaseLoss | None = None,
        decoder: BaseCodec | None = None,
        init_cfg: InitRules = None,
    ) -> None:
        super().__init__(init_cfg)
        self.loss_module: Any = loss
        self.decoder = decoder

    def forward(self, feats: Features) -> Outputs:
        """Compute the outputs from multi-scale features."""
        raise NotImplementedError

    def loss(self, feats: Features, batch: SampleBatch, train_cfg: dict[str, Any] | None = None) -> dict[str, Tensor]:
        """Return the named losses of a batch whose targets are encoded.

        Args:
            feats: multi-scale features.
            batch: samples, as a batch or one by one.
            train_cfg: settings of the model for training.
        """
        return self.losses(self(feats), *self.targets(batch))

    def losses(self, outputs: Outputs, *targets: Any) -> dict[str, Tensor]:
        """Return the named losses of ``outputs``; ``targets`` are the columns that ``reads`` names."""
        return {"loss_kpt": self.loss_module(outputs, *targets)}

    def targets(self, batch: SampleBatch) -> list[Any]:
        """Return the columns of ``batch`` that ``reads`` names, as (instances, ...) or, for fields, (B, ...)."""
        columns = as_columns(batch)
        return [
            read_column(columns, name) if isinstance(name, str) else tuple(read_column(columns, part) for part in name)
            for name in self.reads
        ]

    def predict(
        self, feats: Features | list[Features], batch: SampleBatch, test_cfg: dict[str, Any] | None = None
    ) -> HeadPredictions:
        """Predict the keypoints of each sample, in input space.

        Args:
            feats: features; with ``flip_test`` a list of those of the image and those of its mirror image.
            batch: samples; their meta information tells which keypoints change sides.
            test_cfg: ``flip_test`` with ``flip_mode``, ``shift_heatmap``, ``shift_coords``; ``output_heatmaps``.

        Returns:
            One InstanceData for each sample, with numpy arrays ``keypoints`` (N, K, D) and ``keypoint_scores``
            (N, K); with ``output_heatmaps`` also one PixelData each.
        """
        test_cfg = test_cfg or {}
        outputs = self.averaged(feats, batch, test_cfg)
        predictions = self.decode(self.completed(outputs, batch))
        if not test_cfg.get("output_heatmaps"):
            return predictions
        return predictions, self.fields(outputs, predictions)

    def averaged(self, feats: Features | list[Features], batch: SampleBatch, test_cfg: dict[str, Any]) -> Outputs:
        """Return the decoder's input; with ``flip_test`` averaged over the image and its mirror image."""
        if not test_cfg.get("flip_test"):
            return self.decodable(self(feats))
        plain, mirrored = (self.decodable(self(view)) for view in feats)
        return mean_of(plain, self.unflipped(mirrored, batch, test_cfg))

    def unflipped(self, outputs: Outputs, batch: SampleBatch, test_cfg: dict[str, Any]) -> Outputs:
        """Convert the outputs for mirrored inputs to those for the inputs themselves."""
        options = {key: test_cfg.get(key, default) for key, default in FLIP_DEFAULTS.items()}
        return self.codec.flip(outputs, flip_indices(batch), **options)

    def completed(self, outputs: Outputs, batch: SampleBatch) -> Outputs:
        """Add further inputs of the decoder, read from the samples' meta information."""
        return outputs

    def decodable(self, outputs: Outputs) -> Outputs:
        """Return the part of ``outputs`` that the decoder takes, in the decoder's form."""
        return outputs

    def fields(self, outputs: Outputs, predictions: list[InstanceData]) -> list[PixelData]:
        """Return each sample's maps, for display."""
        return [PixelData(heatmaps=heatmap.detach()) for heatmap in self.heatmaps(outputs, predictions)]

    def heatmaps(self, outputs: Outputs, predictions: list[InstanceData]) -> Tensor:
        """Return heatmaps (B, K, H, W) that show what was decoded; may attach more of it to the predictions."""
        return outputs

    @property
    def codec(self) -> BaseCodec:
        """The decoder.

        Raises:
            ValueError: if the head was built without one.
        """
        if self.decoder is None:
            raise ValueError(f"{type(self).__name__}: predicting keypoints needs a decoder; give head.decoder a codec")
        return self.decoder

    def decode(self, outputs: Outputs) -> list[InstanceData]:
        """Decode a batch of outputs, all samples of which leave the device at once."""
        return decode_instances(self.codec, as_float(outputs))


def stack_metainfo(batch: SampleBatch, name: str, like: Tensor) -> Tensor | None:
    """Return a piece of the samples' meta information as one tensor (B, ...); None where the samples lack it."""
    infos = batch.metainfos if isinstance(batch, PoseBatch) else [sample.metainfo for sample in batch]
    if not infos or infos[0].get(name) is None:
        return None
    return torch.stack([torch.as_tensor(info[name], dtype=like.dtype, device=like.device) for info in infos])


def flip_indices(batch: SampleBatch) -> list[int]:
    """Return, for each keypoint, the index of the keypoint that takes its place in a mirror image.

    Raises:
        ValueError: if the samples lack ``flip_indices``.
    """
    metainfo = batch.metainfos[0] if isinstance(batch, PoseBatch) else batch[0].metainfo
    if "flip_indices" not in metainfo:
        raise ValueError("flip_test needs 'flip_indices' in each sample's metainfo; add it to PackPoseInputs.meta_keys")
    return list(metainfo["flip_indices"])


def as_columns(batch: SampleBatch) -> PoseBatch:
    """Return the samples as a batch of columns."""
    return batch if isinstance(batch, PoseBatch) else PoseBatch.from_samples(list(batch))


def read_column(batch: PoseBatch, name: str) -> Any:
    """Return a column as one tensor: labels (all instances, ...), fields (B, ...)."""
    column = batch.column(name)
    if not name.startswith("gt_instance_labels."):
        return column
    return column.flatten(0, 1) if isinstance(column, Tensor) else torch.cat(list(column))


def mean_of(first: Outputs, second: Outputs) -> Outputs:
    """Average two outputs, tensor by tensor."""
    if isinstance(first, Tensor):
        return (first + second) * 0.5  # same shape
    return type(first)(mean_of(a, b) for a, b in zip(first, second, strict=True))


def as_float(outputs: Outputs) -> Outputs:
    """Convert half-precision outputs to float32, which sub-pixel decoding needs."""
    if isinstance(outputs, Tensor):
        return outputs.float() if outputs.is_floating_point() else outputs
    return outputs if outputs is None else type(outputs)(as_float(part) for part in outputs)


def to_numpy(outputs: Outputs) -> Any:
    """Move tensors to the CPU as numpy arrays."""
    if isinstance(outputs, Tensor):
        return outputs.detach().cpu().numpy()
    if isinstance(outputs, (tuple, list)):
        return type(outputs)(to_numpy(part) for part in outputs)
    return outputs


def each_sample(outputs: Any) -> list[Any]:
    """Split arrays (B, ...), or a tuple of them, into those of each sample."""
    return list(zip(*outputs, strict=True)) if isinstance(outputs, tuple) else list(outputs)
