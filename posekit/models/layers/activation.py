"""Activations by the name an ``act_cfg`` gives them."""

from __future__ import annotations

from torch import Tensor, nn

from posekit.models.base_module import Settings
from posekit.registry import strip_scope

RELU: Settings = {"type": "ReLU"}
SILU: Settings = {"type": "SiLU"}


class HardSigmoid(nn.Module):
    """clamp((x + bias) / divisor, min_value, max_value)."""

    def __init__(self, bias: float = 3.0, divisor: float = 6.0, min_value: float = 0.0, max_value: float = 1.0) -> None:
        super().__init__()
        self.bias, self.divisor = bias, divisor
        self.min_value, self.max_value = min_value, max_value

    def forward(self, x: Tensor) -> Tensor:
        return ((x + self.bias) / self.divisor).clamp(self.min_value, self.max_value)  # same shape


ACTIVATIONS: dict[str, type[nn.Module]] = {
    "ReLU": nn.ReLU,
    "ReLU6": nn.ReLU6,
    "LeakyReLU": nn.LeakyReLU,
    "PReLU": nn.PReLU,
    "RReLU": nn.RReLU,
    "ELU": nn.ELU,
    "GELU": nn.GELU,
    "SiLU": nn.SiLU,
    "Swish": nn.SiLU,
    "Mish": nn.Mish,
    "Sigmoid": nn.Sigmoid,
    "Tanh": nn.Tanh,
    "HSwish": nn.Hardswish,
    "Hardswish": nn.Hardswish,
    "HSigmoid": HardSigmoid,
}
# Their gradient needs the output alone, so they may overwrite their input.
IN_PLACE = ("ReLU", "ReLU6", "LeakyReLU", "ELU")


def build_activation(act_cfg: Settings, *, inplace: bool = True) -> nn.Module:
    """Build the activation that ``act_cfg`` describes.

    Raises:
        ValueError: if the type is unknown.
    """
    kind = strip_scope(act_cfg["type"])
    if kind not in ACTIVATIONS:
        raise ValueError(f"act_cfg has no type '{act_cfg['type']}'; use one of {', '.join(ACTIVATIONS)}")
    options = {key: value for key, value in act_cfg.items() if key not in ("type", "inplace")}
    if kind in IN_PLACE:
        options["inplace"] = act_cfg.get("inplace", inplace)
    return ACTIVATIONS[kind](**options)
