"""How much a config may cost: every limit of the language, and the budget that enforces the total."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

MAX_FILE_BYTES = 512 * 1024
MAX_WORK = 1_000_000
MAX_DEPTH = 80
MAX_BASES = 32
MAX_INT = 2**63
MAX_TEXT = 100_000
MAX_EXPONENT = 64
FILE_COST = 500
CHARACTERS_PER_STEP = 16

SCALARS = (type(None), bool, int, float, str)
KEYS = (str, int, float, bool, type(None))


class OverBudgetError(Exception):
    """A limit was reached; whoever knows the line turns it into a ``ConfigError``."""


class Budget:
    """The work one ``load`` may do over all its files.

    One unit is an evaluated node, an element made, copied or compared, or 16 characters of text. So the same
    number bounds loop steps, the size of the result, the memory and the time.
    """

    def __init__(self, work: int = MAX_WORK) -> None:
        self.left = work

    def spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise OverBudgetError(f"it takes more than {MAX_WORK:,} steps and values; make it smaller")

    def spend_tree(self, value: Any) -> None:
        """Spend the number of nodes of ``value``, each shared part counted as often as it is met."""
        if isinstance(value, SCALARS):
            self.spend(node_cost(value))
            return
        stack: list[tuple[Any, int]] = [(value, 1)]
        while stack:
            node, depth = stack.pop()
            self.spend(node_cost(node))
            if depth > MAX_DEPTH:
                raise OverBudgetError(f"it is nested more than {MAX_DEPTH} deep (or holds itself)")
            if isinstance(node, Mapping):
                stack.extend((item, depth + 1) for item in cast("Mapping[Any, Any]", node).values())
            elif isinstance(node, (list, tuple, set)):
                stack.extend((item, depth + 1) for item in cast("list[Any]", node))


def node_cost(value: Any) -> int:
    return 1 + len(value) // CHARACTERS_PER_STEP if isinstance(value, str) else 1


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
