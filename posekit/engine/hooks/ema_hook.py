"""Averages of the weights over the run."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from posekit.engine.hooks.base import BaseHook
from posekit.registry import HOOKS, strip_scope


@HOOKS.register_module()
class EMAHook(BaseHook):
    """Keeps an exponential moving average of the weights; validation and checkpoints use it.

    A checkpoint's ``state_dict`` holds the average and ``ema_state_dict`` the weights
    that training goes on with.

    Args:
        ema_type: ``ExponentialMovingAverage``, ``ExpMomentumEMA`` (larger steps early on),
            ``MomentumAnnealingEMA`` or ``StochasticWeightAverage``.
        begin_iter, begin_epoch: iteration or epoch at which averaging starts; before, the average equals the weights.
        momentum: share of the current weights in each update.
        gamma: number of iterations in which the early, larger steps shrink.
        interval: number of iterations from one update to the next.
        update_buffers: whether to average buffers as well; otherwise the model's own are used.
        strict_load: accepted for the sake of configs.
        device: accepted for the sake of configs; averages lie where the weights do.

    Raises:
        ValueError: if ``ema_type`` is unknown or a setting makes no sense.
    """

    def __init__(
        self,
        ema_type: str = "ExponentialMovingAverage",
        strict_load: bool = False,
        begin_iter: int = 0,
        begin_epoch: int = 0,
        *,
        momentum: float = 0.0002,
        gamma: int | None = None,
        interval: int = 1,
        update_buffers: bool = False,
        device: Any = None,
        priority: Any = None,
    ) -> None:
        super().__init__(priority)
        self.kind = strip_scope(ema_type)
        if self.kind not in SHARES:
            raise ValueError(f"EMAHook: ema_type is {ema_type!r}; allowed are {', '.join(SHARES)}")
        if begin_iter and begin_epoch:
            raise ValueError("EMAHook: give begin_iter or begin_epoch, not both")
        if not 0 < momentum < 1:
            raise ValueError(f"EMAHook: momentum is {momentum}; it must lie between 0 and 1")
        self.begin_iter, self.begin_epoch = begin_iter, begin_epoch
        self.momentum = momentum
        self.gamma = gamma or (100 if self.kind == "MomentumAnnealingEMA" else 2000)
        self.interval = interval
        self.update_buffers = update_buffers
        self.steps = 0
        self.average: dict[str, Tensor] = {}
        self.sources: dict[str, Tensor] = {}

    def describe(self) -> str:
        buffers = ", buffers too" if self.update_buffers else ""
        return f"average of the weights ({self.kind}, momentum {self.momentum:g}{buffers})"

    def share(self) -> float:
        """Return the share of the present weights in the coming update."""
        return SHARES[self.kind](self)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        self.sources = averaged_tensors(pl_module.model, self.update_buffers)
        if not self.average:
            self.average = {name: value.detach().clone() for name, value in self.sources.items()}
        self.average = {name: self.average[name].to(value.device) for name, value in self.sources.items()}

    @torch.no_grad()
    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        started = trainer.current_epoch + 1 >= self.begin_epoch and pl_module.iterations >= self.begin_iter
        values, sources = list(self.average.values()), [value.detach() for value in self.sources.values()]
        if not started or self.steps == 0:
            torch._foreach_copy_(values, sources)  # pyright: ignore[reportPrivateImportUsage]
        elif self.steps % self.interval == 0:
            torch._foreach_lerp_(values, sources, self.share())  # pyright: ignore[reportPrivateImportUsage]
        self.steps += started

    @torch.no_grad()
    def exchange(self) -> None:
        """Swap the model's values with the averages."""
        for name, source in self.sources.items():
            source.data, self.average[name] = self.average[name], source.data

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self.exchange()

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self.exchange()

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        weights = checkpoint["state_dict"]
        checkpoint["ema_state_dict"] = {"steps": torch.tensor(self.steps)}
        checkpoint["ema_state_dict"] |= {f"module.{name}": weights[name] for name in self.average}
        checkpoint["state_dict"] = {name: self.average.get(name, value) for name, value in weights.items()}

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        saved = checkpoint.get("ema_state_dict")
        if saved is None:
            return
        present = averaged_tensors(pl_module.model, self.update_buffers)
        self.average = {name: checkpoint["state_dict"][name].detach().clone() for name in present}
        self.steps = int(saved["steps"])
        with torch.no_grad():
            for name, value in present.items():
                value.copy_(saved[f"module.{name}"])


def averaged_tensors(model: torch.nn.Module, buffers: bool) -> dict[str, Tensor]:
    """Return the parameters, and on request the floating buffers, that a state dict holds."""
    tensors: dict[str, Tensor] = dict(model.named_parameters())
    if buffers:
        saved = model.state_dict()
        tensors |= {name: value for name, value in model.named_buffers() if name in saved and value.is_floating_point()}
    return tensors


SHARES = {
    "ExponentialMovingAverage": lambda hook: hook.momentum,
    "ExpMomentumEMA": lambda hook: (1 - hook.momentum) * math.exp(-(1 + hook.steps) / hook.gamma) + hook.momentum,
    "MomentumAnnealingEMA": lambda hook: max(hook.momentum, hook.gamma / (hook.gamma + hook.steps)),
    "StochasticWeightAverage": lambda hook: 1 / (hook.steps // hook.interval + 1),
}
