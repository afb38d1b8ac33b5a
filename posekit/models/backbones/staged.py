"""Backbones that consist of a stem and a row of stages, and freezing of their first stages."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from posekit.models.backbones.base import BaseBackbone


class FreezableBackbone(BaseBackbone):
    """Keeps the parts named in ``frozen`` unchanged in training."""

    frozen: Sequence[str] = ()
    norm_eval = False

    def freeze(self) -> None:
        for name in self.frozen:
            self.get_submodule(name).eval().requires_grad_(False)

    def train(self, mode: bool = True) -> FreezableBackbone:
        super().train(mode)
        self.freeze()
        if self.norm_eval:
            freeze_norms(self)
        return self


class StagedBackbone(FreezableBackbone):
    """Runs named parts one after another and returns the outputs of chosen ones.

    A subclass adds its parts as attributes and then calls ``arrange``.
    """

    def arrange(
        self,
        stem: Sequence[str],
        stages: Sequence[str],
        *,
        out_indices: Sequence[int],
        frozen_stages: int = -1,
        norm_eval: bool = False,
        stem_counts: bool = False,
    ) -> None:
        """Fix the order of the parts.

        Args:
            stem: names of the first parts, which have no index.
            stages: names of the parts behind them.
            out_indices: indices of the stages to return, from 0.
            frozen_stages: number of stages to freeze besides the stem; -1 freezes nothing.
            norm_eval: whether batch norms keep their statistics in training.
            stem_counts: whether output 0 is the stem and output 1 the first stage.

        Raises:
            ValueError: if an index or the number of frozen stages is out of range.
        """
        outputs = [stem[-1], *stages] if stem_counts else list(stages)
        if wrong := [index for index in out_indices if not 0 <= index < len(outputs)]:
            raise ValueError(f"{type(self).__name__}.out_indices: {wrong} not in 0..{len(outputs) - 1}")
        if not -1 <= frozen_stages <= len(stages):
            raise ValueError(f"{type(self).__name__}.frozen_stages: {frozen_stages} not in -1..{len(stages)}")
        self.order = [*stem, *stages]
        self.outputs = frozenset(outputs[index] for index in out_indices)
        self.frozen = self.order[: len(stem) + frozen_stages] if frozen_stages >= 0 else []
        self.norm_eval = norm_eval
        self.freeze()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        features = []
        for name in self.order:
            x = self.get_submodule(name)(x)  # (B, C_i, H_i, W_i)
            if name in self.outputs:
                features.append(x)
        return tuple(features)


def freeze_norms(module: nn.Module) -> None:
    """Let all batch norms keep their statistics."""
    for part in module.modules():
        if isinstance(part, _BatchNorm):
            part.eval()
