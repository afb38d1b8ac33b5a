"""The base of every part of a model: a torch module that sets its own initial weights."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import nn

from posekit.registry import MODELS, Registry

Settings = dict[str, Any]
InitRules = Settings | list[Settings] | None

ConfigType = Settings
OptConfigType = Settings | None
OptMultiConfig = InitRules
"""The names of MMPose 1.x for these hints."""

KAIMING: Settings = {"type": "Kaiming", "layer": "Conv2d"}
PRETRAINED = ("Pretrained", "PretrainedInit")
SMALL_NORMAL: Settings = {"type": "Normal", "std": 0.001, "layer": "Conv2d"}


class BaseModule(nn.Module):
    """A torch module whose initial weights a config may choose.

    Args:
        init_cfg: one rule or a list of rules (see ``posekit.models.init_weights``); the class's own
            ``default_init`` by default.
    """

    registry: ClassVar[Registry] = MODELS
    default_init: ClassVar[InitRules] = None

    def __init__(self, init_cfg: InitRules = None) -> None:
        super().__init__()
        self.init_cfg = init_cfg

    @property
    def init_rules(self) -> list[Settings]:
        rules = self.init_cfg or self.default_init or []
        return [rules] if isinstance(rules, dict) else list(rules)

    @property
    def is_pretrained(self) -> bool:
        return any(rule["type"].endswith(PRETRAINED) for rule in self.init_rules)

    def init_weights(self) -> None:
        """Initialise the whole tree: own rules first, then the parts' own, then pretrained weights."""
        from posekit.models.init_weights import apply_rule

        pretrained = [rule for rule in self.init_rules if rule["type"].endswith(PRETRAINED)]
        for rule in self.init_rules:
            if rule not in pretrained:
                apply_rule(self, rule)
        for child in self.children():
            _init_tree(child)
        for rule in pretrained:
            apply_rule(self, rule)


def _init_tree(module: nn.Module) -> None:
    if isinstance(module, BaseModule):
        module.init_weights()
        return
    for child in module.children():
        _init_tree(child)
