"""The operators, functions and methods of the config language, each with its bounds."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from posekit.config.config import Config, Mark
from posekit.config.limits import DICT_COST, KEYS, MAX_EXPONENT, MAX_TEXT, SCALARS, Budget, checked, node_cost
from posekit.config.merge import merge
from posekit.config.values import MarkedList, TypeName

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: lambda left, right: left % right,
    ast.Pow: lambda left, right: left**right,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}
FORMAT_SPEC = re.compile(r"(.?[<>=^])?[ +-]?#?0?\d{0,2}[,_]?(\.\d{1,2})?[bcdeEfFgGnosxX%]?")
NUMBER_TEXT = 400


class NotAllowedError(Exception):
    """Something outside of the language; the evaluator adds file and line."""


def binary(operation: ast.operator, left: Any, right: Any, budget: Budget) -> Any:
    """Apply an arithmetic operator to numbers, or ``+`` and ``*`` to texts and lists."""
    function = BINARY.get(type(operation))
    if function is None:
        raise NotAllowedError(f"operator {type(operation).__name__} is not allowed; use + - * / // % **")
    sized = [isinstance(side, (str, list, tuple)) for side in (left, right)]
    if isinstance(operation, ast.Mult) and any(sized):
        return repeat(left, right, budget)
    if isinstance(operation, ast.Add) and all(sized):
        return join(left, right, budget)
    if any(sized) and isinstance(operation, ast.Mod):
        raise NotAllowedError("formatting with % is not allowed; use an f-string")
    for side in (left, right):
        if not isinstance(side, (int, float)):
            raise NotAllowedError(f"{type(operation).__name__} of {kind(left)} and {kind(right)} is not allowed")
    if isinstance(operation, ast.Pow) and abs(right) > MAX_EXPONENT:
        raise NotAllowedError(f"the exponent {right} is not between -{MAX_EXPONENT} and {MAX_EXPONENT}")
    return number(function(left, right))


def number(value: Any) -> Any:
    if isinstance(value, complex):
        raise NotAllowedError("the result is a complex number; only real ones are allowed")
    return checked(value)


def kind(value: Any) -> str:
    if isinstance(value, TypeName):
        return "imported name"
    return "dict" if isinstance(value, Mapping) else "list" if isinstance(value, list) else type(value).__name__


def repeat(left: Any, right: Any, budget: Budget) -> Any:
    items, times = (right, left) if isinstance(left, int) else (left, right)
    if not isinstance(times, int):
        raise NotAllowedError(f"{kind(left)} * {kind(right)} is not allowed; repeat with a whole number")
    size = len(items) * max(times, 0)
    if isinstance(items, str):
        if size > MAX_TEXT:
            raise NotAllowedError(f"a text of {size:,} characters; at most {MAX_TEXT:,} are allowed")
        size //= 16
    budget.spend(size)
    return MarkedList(items * times) if isinstance(items, list) else items * times


def join(left: Any, right: Any, budget: Budget) -> Any:
    """Return two texts, lists or tuples one after the other; the marks of lists are kept."""
    if isinstance(left, str) and isinstance(right, str):
        budget.spend((len(left) + len(right)) // 16)
        return checked(left + right)
    budget.spend(len(left) + len(right))
    if isinstance(left, list) and isinstance(right, list):
        first, second = marked(left), marked(right)
        return MarkedList([*first, *second], [*first.known_marks(), *second.known_marks()])
    return left + right


def marked(items: Any) -> MarkedList:
    return items if isinstance(items, MarkedList) else MarkedList(items)


def compare(operation: ast.cmpop, left: Any, right: Any, budget: Budget) -> bool:
    for side in (left, right):
        if not isinstance(side, SCALARS):
            budget.spend_tree(side)
    budget.spend(node_cost(left) + node_cost(right) - 2)
    return COMPARE[type(operation)](left, right)


def key(value: Any) -> Any:
    """Return a value that may be a dict's key or a set's item."""
    if not isinstance(value, KEYS):
        raise NotAllowedError(f"{kind(value)} as a key; keys and items of sets are texts and numbers")
    return value


def formatted(value: Any, conversion: int, spec: str, budget: Budget) -> str:
    """Return one ``{value!r:spec}`` of an f-string."""
    budget.spend_tree(value)
    if not FORMAT_SPEC.fullmatch(spec):
        raise NotAllowedError(f"format '{spec[:40]}' is not allowed; widths and precisions have at most two digits")
    if conversion in (ord("r"), ord("a")):
        value = repr(value) if conversion == ord("r") else ascii(value)
    elif conversion == ord("s") or not isinstance(value, SCALARS):
        value = str(value)
    text = format(value, spec)
    budget.spend(len(text) // 16)
    return checked(text)


def elements(value: Any, budget: Budget) -> list[Any]:
    """Return the items of anything a loop may run over, as a new list."""
    if isinstance(value, (list, tuple, set, range, str, Mapping)):
        items = cast("list[Any]", value)
        budget.spend(len(items))
        return list(items)
    raise NotAllowedError(f"cannot loop over {kind(value)}; allowed are list, tuple, set, dict, range and text")


# --- functions ---------------------------------------------------------------


def make_dict(budget: Budget, mark: Mark, source: Any = (), /, **items: Any) -> Config:
    config = Config()
    budget.spend(DICT_COST)
    put_all(config, source, mark, budget)
    put_all(config, items, mark, budget)
    return config


def put_all(config: Config, source: Any, mark: Mark, budget: Budget) -> None:
    """Set the items of a dict (with its own marks) or of a list of pairs."""
    if isinstance(source, Mapping):
        pairs: list[tuple[Any, ...]] = list(cast("Mapping[Any, Any]", source).items())
    else:
        pairs = [tuple(elements(pair, budget)) for pair in elements(source, budget)]
    budget.spend(len(pairs))
    for pair in pairs:
        if len(pair) != 2:
            raise NotAllowedError(f"dict of a list needs pairs, not {len(pair)} values")
        item_mark = source.mark(pair[0]) if isinstance(source, Config) else None
        config.put(key(pair[0]), pair[1], item_mark or mark)


def make_list(budget: Budget, mark: Mark, source: Any = (), /) -> MarkedList:
    return MarkedList(
        elements(source, budget), list(marked(source).known_marks()) if isinstance(source, list) else None
    )


def make_set(budget: Budget, mark: Mark, source: Any = (), /) -> set[Any]:
    return {key(item) for item in elements(source, budget)}


def make_int(budget: Budget, mark: Mark, value: Any = 0, /) -> int:
    return checked(int(plain_number(value)))


def make_float(budget: Budget, mark: Mark, value: Any = 0.0, /) -> float:
    return float(plain_number(value))


def plain_number(value: Any) -> Any:
    if not isinstance(value, (int, float, str)) or len(str(value)) > NUMBER_TEXT:
        raise NotAllowedError(f"{kind(value)} is no number, or one of more than {NUMBER_TEXT} characters")
    return value


def make_str(budget: Budget, mark: Mark, value: Any = "", /) -> str:
    return formatted(value, ord("s"), "", budget)


def make_round(budget: Budget, mark: Mark, value: Any, digits: Any = None, /) -> Any:
    if digits is not None and not (isinstance(digits, int) and abs(digits) <= MAX_EXPONENT):
        raise NotAllowedError(f"round to {digits!r} digits; allowed are -{MAX_EXPONENT} to {MAX_EXPONENT}")
    return checked(round(plain_number(value), digits))


def make_sum(budget: Budget, mark: Mark, values: Any, start: Any = 0, /) -> Any:
    numbers = [start, *elements(values, budget)]
    if not all(isinstance(item, (int, float)) for item in numbers):
        raise NotAllowedError("sum of something else than numbers; join lists with +")
    return number(sum(numbers))


def make_enumerate(budget: Budget, mark: Mark, values: Any, start: int = 0) -> list[Any]:
    return list(enumerate(elements(values, budget), start))


def make_zip(budget: Budget, mark: Mark, *values: Any) -> list[Any]:
    return list(zip(*(elements(value, budget) for value in values), strict=False))


def make_reversed(budget: Budget, mark: Mark, values: Any, /) -> list[Any]:
    return elements(values, budget)[::-1]


def make_sorted(budget: Budget, mark: Mark, values: Any, /, *, reverse: bool = False) -> list[Any]:
    budget.spend_tree(values)
    return sorted(elements(values, budget), reverse=reverse)


def make_tuple(budget: Budget, mark: Mark, values: Any = (), /) -> tuple[Any, ...]:
    return tuple(elements(values, budget))


def extreme(function: Callable[..., Any]) -> Callable[..., Any]:
    def find(budget: Budget, mark: Mark, *values: Any) -> Any:
        budget.spend_tree(values)
        return function(elements(values[0], budget) if len(values) == 1 else values)

    return find


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(budget: Budget, mark: Mark, *values: Any) -> Any:
        return function(*values)

    return call


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "dict": make_dict,
    "list": make_list,
    "tuple": make_tuple,
    "set": make_set,
    "range": plain(range),
    "len": plain(len),
    "int": make_int,
    "float": make_float,
    "str": make_str,
    "bool": plain(bool),
    "abs": plain(abs),
    "min": extreme(min),
    "max": extreme(max),
    "sum": make_sum,
    "round": make_round,
    "sorted": make_sorted,
    "zip": make_zip,
    "enumerate": make_enumerate,
    "reversed": make_reversed,
}


# --- methods -----------------------------------------------------------------


def dict_update(budget: Budget, mark: Mark, config: Config, source: Any = (), /, **items: Any) -> None:
    put_all(config, source, mark, budget)
    put_all(config, items, mark, budget)


def dict_merge(budget: Budget, mark: Mark, config: Config, source: Any = (), /, **items: Any) -> None:
    merged = merge(make_dict(budget, mark, source, **items), config, budget)
    config.clear()
    put_all(config, merged, mark, budget)


def dict_pop(budget: Budget, mark: Mark, config: Config, name: Any, /, *default: Any) -> Any:
    return config.pop(key(name), *default)


def dict_get(budget: Budget, mark: Mark, config: Config, name: Any, default: Any = None, /) -> Any:
    return config.get(key(name), default)


def dict_setdefault(budget: Budget, mark: Mark, config: Config, name: Any, default: Any = None, /) -> Any:
    if key(name) not in config:
        config.put(name, default, mark)
    return config[name]


def dict_copy(budget: Budget, mark: Mark, config: Config, /) -> Config:
    return make_dict(budget, mark, config)


def dict_keys(budget: Budget, mark: Mark, config: Config, /) -> list[Any]:
    return elements(config, budget)


def dict_values(budget: Budget, mark: Mark, config: Config, /) -> list[Any]:
    budget.spend(len(config))
    return list(config.values())


def dict_items(budget: Budget, mark: Mark, config: Config, /) -> list[Any]:
    budget.spend(len(config))
    return list(config.items())


def list_append(budget: Budget, mark: Mark, items: MarkedList, item: Any, /) -> None:
    list_extend(budget, mark, items, [item])


def list_extend(budget: Budget, mark: Mark, items: MarkedList, more: Any, /) -> None:
    added = elements(more, budget)
    if items.marks is not None:
        items.marks += more.known_marks() if isinstance(more, MarkedList) else [mark] * len(added)
    items.extend(added)


def list_insert(budget: Budget, mark: Mark, items: MarkedList, index: int, item: Any, /) -> None:
    budget.spend(len(items))
    items.insert(index, item)
    items.marks = None


def list_pop(budget: Budget, mark: Mark, items: MarkedList, index: int = -1, /) -> Any:
    budget.spend(len(items) if index != -1 else 0)
    items.marks = None
    return items.pop(index)


METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    Config: {
        "update": dict_update,
        "merge": dict_merge,
        "pop": dict_pop,
        "get": dict_get,
        "setdefault": dict_setdefault,
        "copy": dict_copy,
        "keys": dict_keys,
        "values": dict_values,
        "items": dict_items,
    },
    MarkedList: {
        "append": list_append,
        "extend": list_extend,
        "insert": list_insert,
        "pop": list_pop,
        "copy": make_list,
    },
}
