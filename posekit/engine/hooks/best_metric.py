"""Which of two values of a metric is the better one."""

from __future__ import annotations

GREATER = ("acc", "top", "ar", "auc", "precision", "ap", "pck", "map", "mdice", "miou")
LESS = ("loss", "epe", "nme", "mpjpe", "error")


def rule_for(metric: str, rule: str | None = None) -> str:
    """Return ``greater`` or ``less``: the rule given, else the one that the metric's name suggests.

    Raises:
        ValueError: if the rule is neither, or the name suggests none.
    """
    if rule is not None:
        if rule not in ("greater", "less"):
            raise ValueError(f"rule for '{metric}' is {rule!r}; allowed are 'greater' and 'less'")
        return rule
    name = metric.lower()
    if any(word in name for word in LESS):
        return "less"
    if any(word in name for word in GREATER):
        return "greater"
    raise ValueError(f"cannot tell from its name whether a greater '{metric}' is better; add rule='greater' or 'less'")


def better(metric: float, than: float, rule: str) -> bool:
    return metric > than if rule == "greater" else metric < than
