"""Parameter groups and optimizers from ``optim_wrapper``."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from posekit.engine.optimizers.build import build_optimizer


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, groups=4)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4, 2)
        self.scale = nn.Parameter(torch.ones(4))
        self.tied = self.head


def settings(model: nn.Module, paramwise: dict[str, Any], **optimizer: Any) -> dict[str, tuple[float, float]]:
    """Return (learning rate, weight decay) of each parameter by name."""
    given = {"type": "AdamW", "lr": 1.0, "weight_decay": 0.1, **optimizer}
    built = build_optimizer(model, {"optimizer": given, "paramwise_cfg": paramwise})
    names = {id(value): name for name, value in model.named_parameters()}
    return {
        names[id(value)]: (group["lr"], pytest.approx(group["weight_decay"]))
        for group in built.param_groups
        for value in group["params"]
    }


def test_norm_and_bias_decay() -> None:
    found = settings(Net(), {"norm_decay_mult": 0, "bias_decay_mult": 0, "bypass_duplicate": True})
    assert {name for name, (_, decay) in found.items() if decay == 0} == {
        "conv.bias",
        "norm.weight",
        "norm.bias",
        "head.bias",
    }
    assert len(found) == len(list(Net().parameters()))


def test_bias_rate_depthwise_and_flat_decay() -> None:
    found = settings(Net(), {"bias_lr_mult": 2.0, "dwconv_decay_mult": 0.0, "flat_decay_mult": 0.5})
    assert found["head.bias"] == (2.0, 0.05)
    assert found["norm.bias"] == (1.0, 0.05)
    assert found["conv.weight"] == (1.0, 0.0)
    assert found["scale"] == (1.0, 0.05)
    assert found["head.weight"] == (1.0, 0.1)


def test_longest_custom_key_wins_and_overrules_the_rest() -> None:
    keys = {"head": {"lr_mult": 0.1, "decay_mult": 0.0}, "head.bias": {"lr_mult": 3.0}, "norm": {}}
    found = settings(Net(), {"custom_keys": keys, "norm_decay_mult": 0})
    assert found["head.weight"] == (pytest.approx(0.1), 0.0)
    assert found["head.bias"] == (3.0, 0.1)
    assert found["norm.weight"] == (1.0, 0.1)


def test_forced_defaults_apply_on_top_of_custom_keys() -> None:
    rules = {"custom_keys": {"norm": {"lr_mult": 0.5}}, "norm_decay_mult": 0, "force_default_settings": True}
    assert settings(Net(), rules)["norm.weight"] == (0.5, 0.0)


def test_frozen_parameters_are_left_out() -> None:
    model = Net()
    model.conv.requires_grad_(False)
    assert not {"conv.weight", "conv.bias"} & set(settings(model, {}))


def test_learning_rate_factor() -> None:
    built = build_optimizer(Net(), {"optimizer": {"type": "torch.optim.SGD", "lr": 0.1}}, lr_factor=0.25)
    assert built.param_groups[0]["lr"] == pytest.approx(0.025)


def test_fused_unless_asked_otherwise() -> None:
    assert build_optimizer(Net(), {"optimizer": {"type": "Adam", "lr": 0.1}}).defaults["fused"] is True
    assert not build_optimizer(Net(), {"optimizer": {"type": "Adam", "lr": 0.1, "foreach": True}}).defaults["fused"]


def test_layer_decay() -> None:
    class Vit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = nn.Module()
            self.backbone.pos_embed = nn.Parameter(torch.zeros(1, 2, 3))
            self.backbone.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(2))
            self.backbone.ln1 = nn.LayerNorm(3)
            self.head = nn.Linear(3, 3)

    model = Vit()
    built = build_optimizer(
        model,
        {
            "constructor": "LayerDecayOptimWrapperConstructor",
            "paramwise_cfg": {"num_layers": 2, "layer_decay_rate": 0.5},
            "optimizer": {"type": "AdamW", "lr": 1.0, "weight_decay": 0.1},
        },
    )
    found = {id(p): (group["lr"], group["weight_decay"]) for group in built.param_groups for p in group["params"]}
    assert found[id(model.backbone.pos_embed)] == (0.125, 0.0)
    assert found[id(model.backbone.layers[0].weight)] == (0.25, 0.1)
    assert found[id(model.backbone.layers[1].bias)] == (0.5, 0.0)
    assert found[id(model.backbone.ln1.weight)] == (1.0, 0.0)
    assert found[id(model.head.weight)] == (1.0, 0.1)


def test_rules_that_need_a_base_value() -> None:
    with pytest.raises(ValueError, match=r"decay_mult for '.*' needs optimizer.weight_decay to be given"):
        build_optimizer(Net(), {"optimizer": {"type": "SGD", "lr": 0.1}, "paramwise_cfg": {"norm_decay_mult": 0}})


def test_nothing_to_train() -> None:
    with pytest.raises(ValueError, match="nothing would be trained"):
        build_optimizer(Net().requires_grad_(False), {"optimizer": {"type": "SGD", "lr": 0.1}})


@pytest.mark.parametrize("values", [{"lr": "x"}, {"lr": -1}, {"lr": 0.1, "rate": 3}])
def test_values_that_an_optimizer_cannot_take(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"optim_wrapper.optimizer: SGD cannot be made of these values \("):
        build_optimizer(nn.Linear(1, 1), {"optimizer": {"type": "SGD", **values}})
