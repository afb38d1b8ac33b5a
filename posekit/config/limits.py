"""How much a config may cost: every limit of the language, and the budget that enforces the total."""

from __future__ import annotations

from typing import Any, cast

MAX_FILE_BYTES = 512 * 1024
MAX_WORK = 250_000
MAX_DEPTH = 80
MAX_BASES = 32
MAX_INT = 2**63
MAX_TEXT = 100_000
MAX_EXPONENT = 64
FILE_COST = 500
DICT_COST = 4
CHARACTERS_PER_STEP = 16

SCALARS = (type(None), bool, int, float, str)
CONTAINERS = (dict, list, tuple, set)
KEYS = (str, int, float, bool, type(None))


class OverBudgetError(Exception):
    """A limit was reached; whoever knows the line turns it into a ``ConfigError``."""


class Budget:
    """The work one ``load`` may do over all its files.

    One unit is an evaluated node, an element made, copied or compared, a quarter of a dict, or 16 characters of
    text. So the same number bounds loop steps, the size of the result, the memory and the time.
    """

    def __init__(self, work: int = MAX_WORK) -> None:
        self.left = work

    def spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise OverBudgetError(f"it takes more than {MAX_WORK:,} steps and values; make it smaller")

    def spend_tree(self, value: Any) -> None:
        """Spend the cost of ``value`` written out as a tree: a part that occurs in two places counts twice."""
        self.spend(_tree_cost(value, {}, 0) if is_container(value) else node_cost(value))


def _tree_cost(value: Any, known: dict[int, int], depth: int) -> int:
    """Return the cost of a tree; each distinct container is visited once, however often it occurs in the tree."""
    identity = id(value)
    if identity in known:
        return known[identity]
    if depth > MAX_DEPTH:
        raise OverBudgetError(f"it is nested more than {MAX_DEPTH} deep or holds itself")
    cost = node_cost(value)
    items = cast("dict[Any, Any]", value).values() if isinstance(value, dict) else cast("list[Any]", value)
    for item in items:
        cost += _tree_cost(item, known, depth + 1) if is_container(item) else node_cost(item)
    known[identity] = cost
    return cost


def is_container(value: Any) -> bool:
    return isinstance(value, CONTAINERS)


def node_cost(value: Any) -> int:
    if isinstance(value, str):
        return 1 + len(value) // CHARACTERS_PER_STEP
    if isinstance(value, range):
        return 1 + len(value)
    return DICT_COST if isinstance(value, dict) else 1


def checked(value: Any) -> Any:
    """Return a number or text that is within its limit.

    Raises:
        OverBudgetError: if it is larger.
    """
    if isinstance(value, int) and not -MAX_INT <= value < MAX_INT:
        raise OverBudgetError("the integer does not fit into 64 bits")
    if isinstance(value, (str, bytes)) and len(value) > MAX_TEXT:
        raise OverBudgetError(f"a text of {len(value):,} characters; at most {MAX_TEXT:,} are allowed")
    return value
