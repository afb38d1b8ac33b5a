"""The cost of a model: parameters, multiply-adds, activations, time."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

COUNTED = "convolutions, fully connected layers, matrix products, attention"
"""The operations whose multiply-adds and outputs (activations) are counted; norms, activation functions, pooling and
resampling are not."""


@dataclass
class Cost:
    """Cost of a part of a model, including the parts within it.

    Attributes:
        name: name within the enclosing part.
        kind: name of the class.
        parameters: number of parameters; those that two parts share count once.
        multiply_adds: multiply-adds of one forward pass; a multiplication and the addition of its result count as one.
        activations: number of outputs of the counted operations.
        parts: costs of the parts, in the order of the model.
    """

    name: str
    kind: str
    parameters: int = 0
    multiply_adds: int = 0
    activations: int = 0
    parts: list[Cost] = field(default_factory=list)


@torch.no_grad()
def measure(model: nn.Module, run: Callable[[], Any]) -> Cost:
    """Measure the cost of a model.

    Args:
        model: model in evaluation mode.
        run: function that calls it once.
    """
    counter = Counter()
    with called_parts(model, counter.inside), counter:
        run()
    seen: set[int] = set()
    return _cost("", "", model, counter.counts, seen)


def _cost(name: str, path: str, module: nn.Module, counts: dict[str, list[int]], seen: set[int]) -> Cost:
    parameters = [value for value in module.parameters(recurse=False) if id(value) not in seen]
    seen.update(map(id, parameters))
    multiply_adds, activations = counts.get(path, (0, 0))
    cost = Cost(name, type(module).__name__, sum(map(Tensor.numel, parameters)), multiply_adds, activations)
    for child, part in module.named_children():
        inner = _cost(child, f"{path}.{child}".lstrip("."), part, counts, seen)
        cost.parts.append(inner)
        cost.parameters += inner.parameters
        cost.multiply_adds += inner.multiply_adds
        cost.activations += inner.activations
    return cost


@contextmanager
def called_parts(model: nn.Module, inside: list[str]) -> Iterator[None]:
    """Keep the paths of the running modules in ``inside``, the innermost last."""
    handles = []
    for path, part in model.named_modules():
        handles.append(part.register_forward_pre_hook(lambda *_, path=path: inside.append(path)))
        handles.append(part.register_forward_hook(lambda *_: inside.pop() and None, always_call=True))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class Counter(TorchDispatchMode):
    """Counts multiply-adds and activations by the path of the module that runs."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = [""]
        self.counts: dict[str, list[int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if count := multiply_adds(func, args, kwargs, out):
            totals = self.counts.setdefault(self.inside[-1], [0, 0])
            totals[0] += count
            totals[1] += (out if isinstance(out, Tensor) else out[0]).numel()
        return out


def multiply_adds(func: Any, args: Any, kwargs: Any, out: Any) -> int:
    """Return the multiply-adds of one operation, 0 for those that are not counted."""
    name = str(func._overloadpacket)
    if name == "aten._scaled_dot_product_flash_attention_for_cpu":
        query, key, value = args[:3]
        return math.prod(query.shape[:3]) * key.shape[2] * (query.shape[3] + value.shape[3])
    if name == "torchvision.deform_conv2d":
        return out.numel() * args[1][0].numel()
    flops = flop_registry.get(func._overloadpacket)
    return 0 if flops is None else flops(*args, **kwargs, out_val=out) // 2


@torch.no_grad()
def seconds_per_run(run: Callable[[], Any], repeat: int) -> float:
    """Return the median time of ``repeat`` runs after two warm-up runs."""
    times = []
    for _ in range(repeat + 2):
        _wait()
        start = time.perf_counter()
        run()
        _wait()
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
