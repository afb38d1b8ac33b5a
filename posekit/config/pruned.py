"""Configs of models that MMRazor pruned, brought to the model itself with fewer channels."""

from __future__ import annotations

import re
from typing import Any

from posekit.config.config import Config

TYPE = "GroupFisherDeploySubModel"
UNIT = re.compile(r"backbone\.(?P<layer>.+)_\(\d+, \d+\)_\d+")
"""A unit's name: the layer, the range of its channels, their number before pruning."""


def settle_pruned(config: Config) -> None:
    """Replace a pruned model by its architecture, whose backbone knows the channels that each layer has left.

    Settings that name other parts than the backbone stay as they are, and the check says that posekit lacks the type.
    """
    model = config.get("model")
    if not isinstance(model, Config) or str(model.get("type")).rpartition(".")[2] != TYPE:
        return
    architecture, units = model.get("architecture"), model.get("fix_subnet")
    if not isinstance(architecture, Config) or not isinstance(units, Config):
        return
    names = {name: UNIT.fullmatch(str(name)) for name in units}
    if not all(names.values()):
        return
    counts: dict[str, Any] = {match["layer"]: units[name] for name, match in names.items() if match}
    last = [count for layer, count in counts.items() if layer.endswith("final_conv.conv")]
    architecture["backbone"]["pruned_channels"] = counts
    architecture["backbone"].pop("init_cfg", None)  # weights of the whole network do not fit
    if last:
        architecture["head"]["in_channels"] = last[-1]
    architecture.pop("_scope_", None)
    config["model"] = architecture
