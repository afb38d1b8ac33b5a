"""Losses on heatmaps.

Shapes: B batch, K keypoints, C channels, H W heatmap rows and columns.
"""

from __future__ import annotations

import torch
from torch import Tensor

from posekit.models.losses.base import BaseLoss, mean, trailing_axes
from posekit.registry import MODELS


class _MaskedHeatmapLoss(BaseLoss):
    """Base of heatmap losses whose cells are weighted by target weights, a mask and empty channels.

    Args:
        use_target_weight: accepted from configs; weights count whenever they are given.
        skip_empty_channel: whether channels whose target is zero everywhere are left out.
        loss_weight: factor of the result.
    """

    def __init__(
        self, use_target_weight: bool = False, skip_empty_channel: bool = False, loss_weight: float = 1.0
    ) -> None:
        super().__init__(use_target_weight=use_target_weight, loss_weight=loss_weight)
        self.skip_empty_channel = skip_empty_channel

    def cell_weights(self, target: Tensor, target_weights: Tensor | None, mask: Tensor | None) -> Tensor | None:
        """Return the product of all weights, broadcastable over ``target``; None when all cells count equally.

        Raises:
            ValueError: if weights or mask do not fit the target.
        """
        factors = []
        if mask is not None:
            if mask.ndim != target.ndim or any(m not in (1, t) for m, t in zip(mask.shape, target.shape, strict=True)):
                raise ValueError(f"mask {tuple(mask.shape)} does not broadcast over target {tuple(target.shape)}")
            factors.append(mask)
        if target_weights is not None:
            if target_weights.shape != target.shape[: target_weights.ndim]:
                raise ValueError(
                    f"target_weights {tuple(target_weights.shape)} do not lead target {tuple(target.shape)}; "
                    "give one weight per channel (B, K) or per cell (B, K, H, W)"
                )
            factors.append(trailing_axes(target_weights, target.ndim))  # (B, C, 1, 1) or (B, C, H, W)
        if self.skip_empty_channel:
            factors.append(trailing_axes((target != 0).flatten(2).any(2), target.ndim))  # (B, C, 1, 1)
        if not factors:
            return None
        weights = factors[0]
        for factor in factors[1:]:
            weights = weights * factor  # broadcastable to (B, C, H, W)
        return weights


@MODELS.register_module()
class KeypointMSELoss(_MaskedHeatmapLoss):
    """Mean squared error of heatmaps; cells of weight zero count in the mean's divisor too."""

    def forward(
        self, output: Tensor, target: Tensor, target_weights: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Compare heatmaps (B, C, H, W).

        Args:
            output: predicted heatmaps.
            target: target heatmaps.
            target_weights: (B, C) or (B, C, H, W).
            mask: (B | 1, C | 1, H | 1, W | 1).
        """
        weights = self.cell_weights(target, target_weights, mask)
        error = (output - target).square()  # (B, C, H, W)
        return self.reduce(error if weights is None else error * weights)  # ()


@MODELS.register_module()
class FocalHeatmapLoss(_MaskedHeatmapLoss):
    """Focal loss on heatmaps of probabilities: cells at 1 are positive, the others negative, less so near a positive.

    Args:
        alpha: exponent that plays down well classified cells.
        beta: exponent that plays down negatives near a positive.
        use_target_weight: accepted from configs; weights count whenever they are given.
        skip_empty_channel: whether channels whose target is zero everywhere are left out.
        loss_weight: factor of the result.

    Source: CornerNet, arXiv 1808.01244, eq. 1.
    """

    def __init__(
        self,
        alpha: float = 2,
        beta: float = 4,
        use_target_weight: bool = False,
        skip_empty_channel: bool = False,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(use_target_weight, skip_empty_channel, loss_weight)
        self.alpha = alpha
        self.beta = beta

    def forward(
        self, output: Tensor, target: Tensor, target_weights: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Compare probabilities (B, C, H, W) with heatmaps; arguments as in KeypointMSELoss."""
        weights = self.cell_weights(target, target_weights, mask)
        positive = (target == 1).to(target)  # (B, C, H, W)
        negative = (target < 1).to(target) * (1 - target) ** self.beta  # (B, C, H, W)
        if weights is not None:
            positive, negative = positive * weights, negative * weights
        prob = output.clamp(1e-6, 1 - 1e-6)  # (B, C, H, W)
        # -> (B, C, H, W)
        gain = positive * prob.log() * (1 - prob) ** self.alpha + negative * (1 - prob).log() * prob**self.alpha
        count = positive.sum()
        return -gain.sum() / torch.where(count == 0, 1, count) * self.loss_weight  # ()


@MODELS.register_module()
class CombinedTargetMSELoss(BaseLoss):
    """Mean squared error of combined UDP targets: a heatmap and its x and y offsets for each keypoint.

    Offsets are weighted by the target heatmap.

    Source: Huang et al., The Devil is in the Details, arXiv 1911.07524.
    """

    def __init__(self, use_target_weight: bool = False, loss_weight: float = 1.0) -> None:
        super().__init__(use_target_weight=use_target_weight, loss_weight=loss_weight)

    def forward(self, output: Tensor, target: Tensor, target_weights: Tensor | None = None) -> Tensor:
        """Compare maps (B, 3 K, H, W), ordered heatmap, x, y for each keypoint; weights are (B, K)."""
        heat, offset = _split_combined(output)  # (B, K, 1, H W), (B, K, 2, H W)
        heat_target, offset_target = _split_combined(target)
        weights = self.weights(target_weights, heat)
        if weights is not None:
            heat, heat_target = heat * weights, heat_target * weights  # (B, K, 1, H W)
        heat_loss = mean((heat - heat_target).square())  # ()
        offset_loss = mean((heat_target * (offset - offset_target)).square())  # ()
        return (0.5 * heat_loss + offset_loss) * self.loss_weight  # ()


def _split_combined(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Split (B, 3 K, H, W) into heatmaps (B, K, 1, H W) and offsets (B, K, 2, H W)."""
    maps = maps.unflatten(1, (-1, 3)).flatten(3)  # (B, K, 3, H W)
    return maps[:, :, :1], maps[:, :, 1:]


@MODELS.register_module()
class KeypointOHKMMSELoss(BaseLoss):
    """Mean squared error of the hardest keypoints of each sample.

    Args:
        use_target_weight: whether keypoints are weighted.
        topk: number of keypoints of a sample that count.
        loss_weight: factor of the result.

    Source: Cascaded Pyramid Network, arXiv 1711.07319.
    """

    def __init__(self, use_target_weight: bool = False, topk: int = 8, loss_weight: float = 1.0) -> None:
        super().__init__(use_target_weight=use_target_weight, loss_weight=loss_weight)
        if topk < 1:
            raise ValueError(f"topk: got {topk}, at least 1 keypoint must count")
        self.topk = topk

    def forward(self, output: Tensor, target: Tensor, target_weights: Tensor | None = None) -> Tensor:
        """Compare heatmaps (B, K, H, W) with weights (B, K).

        Raises:
            ValueError: if there are fewer than ``topk`` keypoints.
        """
        if output.shape[1] < self.topk:
            raise ValueError(f"topk={self.topk}, but there are only {output.shape[1]} keypoints; set topk lower")
        error = output - target  # (B, K, H, W)
        weights = self.weights(target_weights, error)
        if weights is not None:
            error = error * weights
        per_keypoint = error.square().flatten(2).mean(2)  # (B, K)
        return self.reduce(per_keypoint.topk(self.topk, dim=1, sorted=False).values)  # ()


@MODELS.register_module()
class AdaptiveWingLoss(BaseLoss):
    """Wing loss whose curvature follows the target: sharp at heatmap peaks, flat in the background.

    Args:
        alpha: exponent at a target of zero.
        omega: height of the curved part.
        epsilon: width of the curved part.
        theta: error where the curve turns into a line.
        use_target_weight: whether channels are weighted.
        loss_weight: factor of the result.

    Source: Wang et al., arXiv 1904.07399, eq. 3.
    """

    def __init__(
        self,
        alpha: float = 2.1,
        omega: float = 14,
        epsilon: float = 1,
        theta: float = 0.5,
        use_target_weight: bool = False,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(use_target_weight=use_target_weight, loss_weight=loss_weight)
        self.alpha = float(alpha)
        self.omega = float(omega)
        self.epsilon = float(epsilon)
        self.theta = float(theta)

    def forward(self, output: Tensor, target: Tensor, target_weights: Tensor | None = None) -> Tensor:
        """Compare heatmaps (B, K, H, W); weights are (B, K) or (B, K, H, W)."""
        weights = self.weights(target_weights, output)
        if weights is not None:
            output, target = output * weights, target * weights
        error = (target - output).abs()  # (B, K, H, W)
        power = self.alpha - target  # (B, K, H, W)
        knee = self.theta / self.epsilon
        at_knee = knee**power
        slope = self.omega / self.epsilon * power * knee ** (power - 1) / (1 + at_knee)  # (B, K, H, W)
        offset = self.theta * slope - self.omega * torch.log1p(at_knee)
        curve = self.omega * torch.log1p((error / self.epsilon) ** power)  # (B, K, H, W)
        return self.reduce(torch.where(error < self.theta, curve, slope * error - offset))  # ()
