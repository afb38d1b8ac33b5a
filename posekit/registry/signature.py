"""What the parameters of a registered class take, read from its hints."""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import inspect
import sys
import textwrap
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Slot(NamedTuple):
    """One parameter: the role class its hint names (None for plain values) and what else it takes."""

    required: bool = False
    default: Any = None
    role: Any = None
    takes_none: bool = True
    takes_plain: bool = False
    holds_dict: bool = False


@functools.cache
def parameters(cls: Callable[..., Any]) -> tuple[dict[str, Slot], bool]:
    """Return the named parameters of a class, and whether it takes any other name as well.

    A class with ``**kwargs`` also has those of the class it inherits from, none of them required. It takes other
    names only where it does something else with them than to hand them on.
    """
    slots: dict[str, Slot] = {}
    inherited = is_open = False
    for function in _constructors(cls):
        named = inspect.signature(function).parameters
        hints = _hints(function)
        for name, parameter in list(named.items())[1 if isinstance(cls, type) else 0 :]:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY) and name not in slots:
                slots[name] = _slot(parameter, hints.get(name), required=not inherited)
        rest = next((name for name, parameter in named.items() if parameter.kind is parameter.VAR_KEYWORD), None)
        if rest is None:
            return slots, is_open
        inherited, is_open = True, is_open or not _hands_on(function, rest)
    return slots, True


def _constructors(cls: Callable[..., Any]) -> list[Callable[..., Any]]:
    """Return the ``__init__`` functions of a class from the most derived one on; a function is its own constructor."""
    if not isinstance(cls, type):
        return [cls]
    constructors = [vars(base)["__init__"] for base in cls.__mro__ if "__init__" in vars(base)]
    return [function for function in constructors if inspect.isfunction(function)] or [_takes_nothing]


def _hands_on(constructor: Callable[..., Any], rest: str) -> bool:
    """Whether a constructor hands its ``**rest`` to the parent's one and takes nothing out of it."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(constructor)))
    except (OSError, TypeError, SyntaxError):  # there is no file, or the source is part of a longer statement
        return False
    calls = {ast.unparse(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    parent = calls.get("super().__init__")
    handed = parent is not None and any(
        word.arg is None and ast.unparse(word.value) == rest for word in parent.keywords
    )
    return handed and f"{rest}.pop" not in calls


def _takes_nothing(self: object) -> None:
    """Stand for the constructor of a class that has none."""


def _slot(parameter: inspect.Parameter, hint: Any, *, required: bool) -> Slot:
    members = _members(hint)
    return Slot(
        required=required and parameter.default is parameter.empty,
        default=parameter.default,
        role=sub_config_role(hint),
        takes_none=parameter.default is None or type(None) in members,
        takes_plain=any(member in (str, int, float, bool, Any) for member in members),
        holds_dict=_holds_dict(hint),
    )


def _members(hint: Any) -> list[Any]:
    """Return the alternatives of a union, or the hint itself."""
    origin = typing.get_origin(hint)
    is_union = origin is typing.Union or type(hint).__name__ == "UnionType"
    return list(typing.get_args(hint)) if is_union else [hint]


def _holds_dict(hint: Any) -> bool:
    """Whether a hint has a dict anywhere in its containers."""
    return typing.get_origin(hint) in (dict, Mapping) or any(_holds_dict(inner) for inner in typing.get_args(hint))


def sub_config_role(hint: Any) -> Any:
    """Return the role class that a hint asks for, looking into unions and containers."""
    if isinstance(hint, type) and hasattr(getattr(hint, "registry", None), "construct"):
        return hint
    return next((role for inner in typing.get_args(hint) if (role := sub_config_role(inner)) is not None), None)


class _Names(dict[str, Any]):
    """The names of a module; what is imported for type checkers only counts as ``Any``."""

    def __missing__(self, name: str) -> Any:
        return getattr(builtins, name, Any)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    function = inspect.unwrap(function)
    module = sys.modules.get(function.__module__)
    names = _Names(vars(module) if module else {})
    hints: dict[str, Any] = {}
    for name, hint in function.__annotations__.items():
        alone = types.SimpleNamespace(__annotations__={name: hint})
        with contextlib.suppress(TypeError, AttributeError, SyntaxError):
            hints |= typing.get_type_hints(alone, globalns=names, localns=names)
    return hints
