"""Settings: what a base leaves open for the configs that inherit it, written ``name: type = default``."""

from __future__ import annotations

import ast
import copy
import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from posekit.config.config import Config, ConfigError, Mark, brief
from posekit.config.limits import Budget
from posekit.config.merge import over
from posekit.config.operations import NotAllowedError
from posekit.config.values import DELETE

TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "tuple": (tuple, list),
    "dict": (dict,),
    "None": (type(None),),
}
MISSING = object()
Layers = Sequence[Config]
"""Names that the inheriting configs have set, the innermost first: later layers override earlier ones."""


def received(name: str, default: Any, layers: Layers, budget: Budget) -> tuple[Any, Mark | None]:
    """Return what the inheriting configs make of a setting, and where the last of them sets it.

    Dicts merge over the default as they do in any inheritance. The value is a copy, so a base cannot change what
    belongs to another file.
    """
    value, mark = default, None
    for layer in layers:
        if name not in layer:
            continue
        mark = layer.mark(name)
        old = None if value is MISSING else value
        value = over(layer[name], old, name, mark, budget)
    if mark is not None:
        budget.spend_tree(value)
        value = copy.deepcopy(value)
        if isinstance(value, Config):
            value.pop(DELETE, None)
    return value, mark


def type_names(annotation: ast.expr) -> list[str]:
    """Return the types that an annotation joins by ``|``, with '' for what is no name of a type."""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return [*type_names(annotation.left), *type_names(annotation.right)]
    if isinstance(annotation, ast.Constant) and annotation.value is None:
        return ["None"]
    return [annotation.id if isinstance(annotation, ast.Name) else ""]


def check_type(name: str, value: Any, annotation: ast.expr) -> None:
    """Refuse a value of another type than the setting declares.

    Raises:
        NotAllowedError: if the value or the annotation itself is wrong.
    """
    words = type_names(annotation)
    if not set(words) <= set(TYPES):
        raise NotAllowedError(f"the type of a setting is one of {', '.join(TYPES)}, or several joined by |")
    allowed = tuple(kind for word in words for kind in TYPES[word])
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise NotAllowedError(f"'{name}' is {brief(value)}; it has to be {' or '.join(words)}")


def refuse_misspelled(names: Config, settings: Iterable[str], known: Iterable[str], body: list[ast.stmt]) -> None:
    """Refuse a name that only looks like a setting: nothing would read it, and the setting would keep its default.

    Args:
        names: what the person's own config, or the command line, sets.
        settings: the settings that its bases declare.
        known: all names of the bases.
        body: the config's statements, which may read names of their own.

    Raises:
        ConfigError: if a name is close to a setting that is not set, and neither a base nor the file knows it.
    """
    open_settings = set(settings) - set(names)
    read = {
        node.id
        for part in body
        for node in ast.walk(part)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    for name in set(names) - set(known) - set(settings) - read:
        close = difflib.get_close_matches(str(name), open_settings, 1, cutoff=0.75)
        if close:
            raise ConfigError(f"{names.mark(name)}: nothing reads '{name}'; did you mean the setting '{close[0]}'?")
