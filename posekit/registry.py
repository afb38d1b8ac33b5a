"""The registries: one closed table per role, from names to classes.

A name is a key and never an import path. ``posekit/index.py`` lists where each
of posekit's own components lives, so that building one imports nothing else.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import typing
from collections.abc import Callable
from typing import Any, TypeVar

from posekit.index import INDEX

T = TypeVar("T", bound=type)

SCOPES = ("mmpose.", "mmdet.", "mmpretrain.", "mmcls.", "mmengine.", "mmcv.", "torch.nn.")


class Registry:
    """A closed table from names to the classes of one role."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.classes: dict[str, type] = {}
        self.index: dict[str, str] = INDEX.get(role, {})

    def register_module(self, name: str | None = None) -> Callable[[T], T]:
        """Return a decorator that adds a class under ``name``, by default its own.

        Raises:
            ValueError: if another class already holds the name.
        """

        def register(cls: T) -> T:
            key = name or cls.__name__
            place = f"{cls.__module__}:{cls.__qualname__}"
            holder = self.classes.get(key)
            held = f"{holder.__module__}:{holder.__qualname__}" if holder else self.index.get(key, place)
            if held != place:
                raise ValueError(f"{self.role} already has '{key}' ({held}); choose another name for {place}")
            self.classes[key] = cls
            return cls

        return register

    def names(self) -> list[str]:
        return sorted({*self.classes, *self.index})

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (plain := strip_scope(name)) is not None and (
            plain in self.classes or plain in self.index
        )

    def get(self, name: str) -> type:
        """Return the class called ``name``.

        Raises:
            KeyError: if the table has no such name; the message suggests near ones.
        """
        key = strip_scope(name)
        if key not in self.classes and key in self.index:
            module, _, attribute = self.index[key].partition(":")
            self.classes[key] = getattr(importlib.import_module(module), attribute)
        if key not in self.classes:
            near = difflib.get_close_matches(key, self.names(), 3)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known: {', '.join(self.names())}"
            raise KeyError(f"{self.role} has no '{name}'; {hint}")
        return self.classes[key]

    def build(self, config: dict[str, Any], **defaults: Any) -> Any:
        """Build ``dict(type=name, **arguments)``; arguments hinted with a role class are built first."""
        arguments = {**defaults, **{k: v for k, v in config.items() if k not in ("type", "_scope_")}}
        cls = config["type"] if isinstance(config["type"], type) else self.get(config["type"])
        hints = _hints(cls)
        return cls(**{key: _build_value(value, hints.get(key)) for key, value in arguments.items()})


def strip_scope(name: str) -> str:
    for scope in SCOPES:
        if name.startswith(scope):
            return name[len(scope) :]
    return name


def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls.__init__) if inspect.isfunction(cls.__init__) else {}


def _build_value(value: Any, hint: Any) -> Any:
    role = sub_config_role(hint)
    if role is None:
        return value
    if isinstance(value, dict) and "type" in value:
        return role.registry.build(value)  # pyright: ignore[reportAttributeAccessIssue]
    if isinstance(value, dict):
        return {key: _build_value(item, hint) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_build_value(item, hint) for item in value]
    return value


def sub_config_role(hint: Any) -> type | None:
    """Return the role class that a parameter's hint asks for, looking into unions and containers."""
    if isinstance(hint, type) and isinstance(getattr(hint, "registry", None), Registry):
        return hint
    for inner in typing.get_args(hint):
        if (role := sub_config_role(inner)) is not None:
            return role
    return None


MODELS = Registry("MODELS")
CODECS = Registry("CODECS")
DATASETS = Registry("DATASETS")
TRANSFORMS = Registry("TRANSFORMS")
METRICS = Registry("METRICS")
HOOKS = Registry("HOOKS")
VISUALIZERS = Registry("VISUALIZERS")
SAMPLERS = Registry("SAMPLERS")
OPTIMIZERS = Registry("OPTIMIZERS")
SCHEDULES = Registry("SCHEDULES")
