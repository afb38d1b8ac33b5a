"""Inheritance: a config's values over those of its bases."""

from __future__ import annotations

from typing import Any, cast

from posekit.config.config import WHOLE_NUMBER, Config, ConfigError, Mark, brief
from posekit.config.limits import DICT_COST, Budget
from posekit.config.values import DELETE, MarkedList


def merge(new: Config, base: Config, budget: Budget) -> Config:
    """Return ``base`` with the values of ``new``.

    Dicts merge key by key, a dict with ``_delete_=True`` replaces, and a dict whose keys are all whole numbers
    edits those items of a list. Everything else replaces.

    Raises:
        ConfigError: if a dict meets a value that it cannot merge into.
        OverBudgetError: if there is too much to merge.
    """
    if new.get(DELETE):
        return new
    merged = base.copy()
    for key, value in new.items():
        budget.spend(DICT_COST)
        if key != DELETE:
            mark = new.mark(key)
            merged.put(key, over(value, base[key], key, mark, budget) if key in base else value, mark)
    return merged


def over(value: Any, old: Any, key: Any, mark: Mark | None, budget: Budget) -> Any:
    """Return what becomes of ``old`` when ``value`` is set in its place."""
    if not isinstance(value, Config) or value.get(DELETE) or old is None:
        return value
    if isinstance(old, Config):
        return merge(value, old, budget)
    if isinstance(old, (list, tuple)) and value and all(_index(name) is not None for name in value):
        return _edit(value, cast("list[Any]", old), key, mark, budget)
    raise ConfigError(
        f"{mark or 'config'}: '{key}' is {brief(old)} in the base, and a dict cannot be merged into that; "
        f"write {DELETE}=True into the dict to replace it"
        + (", or edit items with a dict of their numbers" if isinstance(old, list) else "")
    )


def _edit(edits: Config, items: list[Any], key: Any, mark: Mark | None, budget: Budget) -> Any:
    budget.spend(len(items))
    edited = MarkedList(items, list(items.known_marks()) if isinstance(items, MarkedList) else [mark] * len(items))
    for name, value in edits.items():
        index = _index(name)
        if index is None or not 0 <= index < len(items):
            raise ConfigError(f"{edits.mark(name) or mark}: '{key}' has {len(items)} items; there is none at {name}")
        edited[index] = over(value, items[index], f"{key}.{name}", edits.mark(name), budget)
        if edited.marks is not None:
            edited.marks[index] = edits.mark(name)
    return tuple(edited) if isinstance(items, tuple) else edited


def _index(name: Any) -> int | None:
    if isinstance(name, bool):
        return None
    if isinstance(name, int):
        return name
    return int(name) if isinstance(name, str) and WHOLE_NUMBER.fullmatch(name) else None
