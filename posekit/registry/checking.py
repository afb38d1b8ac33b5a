"""Everything that is wrong with a config tree, named with its place; nothing is built for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from posekit.console import close_names, suggestion
from posekit.registry.registry import BOOKKEEPING, strip_scope
from posekit.registry.signature import Slot, parameters

if TYPE_CHECKING:
    from posekit.registry.registry import Registry


class ConfigSpot(NamedTuple):
    """Place of a value in the tree, and its name in messages."""

    path: str
    line: str = ""

    def __str__(self) -> str:
        return f"{self.path or 'config'} ({self.line})" if self.line else self.path or "config"


class Check:
    """Walks one tree and yields its problems.

    Args:
        at: the dotted path of the tree, for configs that do not know theirs.
    """

    def __init__(self, at: str) -> None:
        self.top = ConfigSpot(at)

    def part(
        self,
        config: Any,
        table: Registry,
        *,
        spot: ConfigSpot | None = None,
        role: Any = None,
        given: Iterable[str] = (),
    ) -> Iterator[str]:
        """Yield the problems of a config that should become one part of ``table`` and, where given, of ``role``."""
        spot = spot or self.top
        if not isinstance(config, Mapping) or "type" not in config:
            yield f"{spot}: needs dict(type=...) with a name of {table.role}, not {_brief(config)}"
            return
        settings = cast("Mapping[str, Any]", config)
        kind: Any = settings["type"]
        if not callable(kind) and kind not in table:
            known = f"no {_noun(table)} named {kind!r}; {table.advice(kind)}"
            yield f"{spot_of(settings, 'type', spot)}: {known}"
            return
        cls: Any = kind if callable(kind) else table.get(kind)
        if wrong := _other_role(cls, role):
            yield f"{spot_of(settings, 'type', spot)}: {cls.__name__} is a {wrong}; a {role.__name__} belongs here"
            return
        yield from self.arguments(settings, cls, spot, given)

    def arguments(self, config: Mapping[str, Any], cls: Any, spot: ConfigSpot, given: Iterable[str]) -> Iterator[str]:
        slots, is_open = parameters(cls)
        called = strip_scope(config["type"]) if isinstance(config["type"], str) else cls.__name__
        names = {*given, *config}
        meant: set[str] = set()
        for name in [*(set(given) - set(config)), *(key for key in config if key not in BOOKKEEPING)]:
            at = spot_of(config, name, spot)
            if name in slots and name in config:
                yield from self.value(config[name], slots[name], at)
            elif name not in slots and not is_open:
                meant.update(close_names(name, slots))
                yield f"{at}: {called} has no argument '{name}'; {suggestion(name, slots, otherwise='it has')}"
        for name, slot in slots.items():
            if slot.required and name not in names and name not in meant:
                yield f"{spot_of(config, 'type', spot, keep=True)}: {called} needs '{name}'"

    def value(self, value: Any, slot: Slot, spot: ConfigSpot) -> Iterator[str]:
        """Yield the problems of one argument; only those that are parts can have any."""
        if slot.role is None:
            return
        if isinstance(value, Mapping):
            items = cast("Mapping[str, Any]", value)
            if "type" in items or not slot.holds_dict:
                yield from self.part(items, slot.role.registry, spot=spot, role=slot.role)
                return
            for name, item in items.items():
                yield from self.value(item, slot, spot_of(items, name, spot))
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(cast("list[Any]", value)):
                yield from self.value(item, slot, spot_of(item, None, ConfigSpot(f"{spot.path}.{index}", spot.line)))
        elif (value is None and not slot.takes_none) or (_is_plain(value) and not slot.takes_plain):
            yield f"{spot}: needs a {slot.role.__name__}, as dict(type=...), not {_brief(value)}"


def spot_of(config: Any, key: str | None, spot: ConfigSpot, *, keep: bool = False) -> ConfigSpot:
    """Return the spot of an item below ``spot``; ``keep`` names the config itself, at the line of that item."""
    path = spot.path if key is None or keep else f"{spot.path}.{key}" if spot.path else key
    place = getattr(type(config), "place", None)
    if place is None:
        return ConfigSpot(path, spot.line)
    marked_path, line = place(config, key)
    if marked_path:
        path = marked_path if key is None or keep else f"{marked_path}.{key}"
    return ConfigSpot(path, line or spot.line)


def file_of(config: Any) -> str:
    source = getattr(type(config), "source", None)
    return source(config) if source is not None else ""


def _other_role(cls: Any, role: Any) -> str:
    """Return the name of the role that ``cls`` has instead of ``role``, '' where it has that one or none."""
    if role is None or not isinstance(cls, type) or issubclass(cls, role):
        return ""
    roles = [base.__name__ for base in cls.__mro__ if base.__name__.startswith("Base") and hasattr(base, "registry")]
    return next((name for name in roles if name != "BaseModule"), "")


def _noun(table: Registry) -> str:
    return table.role.lower().removesuffix("s").replace("_", " ")


def _is_plain(value: Any) -> bool:
    return isinstance(value, (bool, int, float, str))


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"a dict with the keys {', '.join(map(str, cast('Mapping[Any, Any]', value))) or '(none)'}"
    return repr(value) if value is None or _is_plain(value) else f"a {type(value).__name__}"
