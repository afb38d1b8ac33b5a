"""Evaluate the expressions of the config language. Whatever is not listed here does not exist in it."""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Callable
from typing import Any, NoReturn, cast

from posekit.config.config import Config, ConfigError, Mark, find_key, shown_path
from posekit.config.limits import DICT_COST, MAX_DEPTH, Budget, OverBudgetError, checked
from posekit.config.operations import (
    FUNCTIONS,
    METHODS,
    UNARY,
    NotAllowedError,
    binary,
    compare,
    elements,
    formatted,
    key,
    kind,
    number,
    put_all,
)
from posekit.config.values import MarkedList, TypeName
from posekit.config.variables import environment_value, substitute
from posekit.console import suggestion

MISTAKES = (TypeError, ValueError, KeyError, IndexError, ArithmeticError, AttributeError, RecursionError, MemoryError)
ADVICE = {
    **dict.fromkeys(("FunctionDef", "AsyncFunctionDef"), "write the values out, or use a comprehension"),
    **dict.fromkeys(("Break", "Continue"), "choose the items with a comprehension"),
    **dict.fromkeys(("Global", "Nonlocal", "Assert", "Raise", "Try"), "leave it away"),
    "NamedExpr": "assign on a line of its own",
    "ClassDef": "put classes into a package and name it with --plugin my_package",
    "While": "use a for loop over a range",
    "Match": "use if",
}


class Evaluator:
    """Values of expressions over the names of one file.

    Args:
        file: the file's path, for marks and messages.
        names: what has been assigned so far.
        variables: the ``{{name}}`` texts of the file.
        budget: the work left for the whole load.
    """

    def __init__(self, file: str, names: Config, *, variables: dict[str, str], budget: Budget) -> None:
        self.file, self.names, self.variables, self.budget = file, names, variables, budget
        self.depth = 0
        self._handlers: dict[type, Callable[[Any], Any]] = {}
        self._marks: dict[int, Mark] = {}

    @property
    def base(self) -> Config:
        """What the bases set; a text without bases has nothing."""
        return Config()

    def fail(self, node: ast.AST, problem: str) -> NoReturn:
        raise ConfigError(f"{shown_path(self.file)}:{getattr(node, 'lineno', 1)}: {problem}")

    def mark(self, node: ast.AST) -> Mark:
        line: int = getattr(node, "lineno", 1)
        if line not in self._marks:
            self._marks[line] = Mark(self.file, line)
        return self._marks[line]

    def handle(self, node: ast.AST, prefix: str = "on") -> Any:
        """Run the handler of a node's kind; every mistake becomes a ``ConfigError`` with its line."""
        handler = self._handlers.get(type(node))
        if handler is None:
            name = type(node).__name__
            handler = getattr(self, f"{prefix}_{name.lower()}", None)
            if handler is None:
                self.fail(
                    node,
                    f"{name} is not part of the config language; {ADVICE.get(name, 'write the value itself')}",
                )
            self._handlers[type(node)] = handler
        if self.depth > MAX_DEPTH:
            self.fail(node, f"nested more than {MAX_DEPTH} deep; split it into named values")
        self.depth += 1
        try:
            self.budget.spend(1)
            return handler(node)
        except ConfigError:
            raise
        except (NotAllowedError, OverBudgetError) as error:
            self.fail(node, str(error))
        except MISTAKES as error:
            text = f"no key or item {error}" if isinstance(error, LookupError) else str(error)
            self.fail(node, text or type(error).__name__)
        finally:
            self.depth -= 1

    def value(self, node: ast.expr) -> Any:
        return self.handle(node)

    # --- literals and containers ---------------------------------------------

    def on_constant(self, node: ast.Constant) -> Any:
        value = node.value
        if isinstance(value, str):
            if "{{" in value:
                value = substitute(value, self.variables, self.base_value)
            self.budget.spend(len(value) // 16 if isinstance(value, str) else 0)
        elif not isinstance(value, (int, float, type(None))):
            raise NotAllowedError(f"{kind(value)} is not allowed; a config holds texts, numbers, True, False and None")
        return checked(value)

    def on_list(self, node: ast.List) -> MarkedList:
        return self.listed(node.elts)

    def on_tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(self.listed(node.elts))

    def on_set(self, node: ast.Set) -> Any:
        if len(node.elts) == 1 and isinstance(inner := node.elts[0], ast.Set) and len(inner.elts) == 1:
            return self.placeholder(inner.elts[0])
        return {key(item) for item in self.listed(node.elts)}

    def placeholder(self, node: ast.expr) -> Any:
        """Return the value of an unquoted ``{{...}}``; an environment value is read as a number where it is one."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = environment_value(node.value)
            if text is not None:
                return literal_or_text(text)
        if isinstance(node, ast.Name) and node.id in self.variables:
            return self.variables[node.id]
        return self.value(node)

    def listed(self, nodes: list[ast.expr]) -> MarkedList:
        items, marks = MarkedList(), list[Mark | None]()
        for node in nodes:
            if isinstance(node, ast.Starred):
                more = self.value(node.value)
                added = elements(more, self.budget)
                marks += more.known_marks() if isinstance(more, MarkedList) else [self.mark(node)] * len(added)
                items.extend(added)
            else:
                items.append(self.value(node))
                marks.append(self.mark(node))
        items.marks = marks
        return items

    def on_dict(self, node: ast.Dict) -> Config:
        config = Config()
        for name, item in zip(node.keys, node.values, strict=True):
            if name is None:
                put_all(config, self.value(item), self.mark(item), self.budget)
            else:
                config.put(key(self.value(name)), self.value(item), self.mark(name))
        return config

    def on_joinedstr(self, node: ast.JoinedStr) -> str:
        return checked("".join(self.text_part(part) for part in node.values))

    def text_part(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant):
            self.budget.spend(len(str(node.value)) // 16)
            return str(node.value)
        return self.value(node)

    def on_formattedvalue(self, node: ast.FormattedValue) -> str:
        spec = self.value(node.format_spec) if node.format_spec else ""
        return formatted(self.value(node.value), node.conversion, spec, self.budget)

    # --- names, items, attributes --------------------------------------------

    def on_name(self, node: ast.Name) -> Any:
        if node.id in self.names:
            return self.names[node.id]
        if node.id in self.base:
            self.fail(node, f"name '{node.id}' is not defined here; a value of the base is _base_.{node.id}")
        if node.id in FUNCTIONS:
            self.fail(node, f"'{node.id}' is a function and can only be called; types are named by a text")
        return self.fail(
            node, f"name '{node.id}' is not defined; {suggestion(node.id, self.names, otherwise='defined:')}"
        )

    def on_attribute(self, node: ast.Attribute) -> Any:
        value = self.value(node.value)
        if isinstance(value, TypeName) and not node.attr.startswith("_"):
            return TypeName(node.attr)
        if not isinstance(value, Config):
            raise NotAllowedError(f"attribute '.{node.attr}' of {kind(value)} is not allowed; only dicts have them")
        if node.attr not in value:
            raise NotAllowedError(f"the dict has no '{node.attr}'; {suggestion(node.attr, value)}")
        return value[node.attr]

    def on_subscript(self, node: ast.Subscript) -> Any:
        value, index = self.value(node.value), self.index(node.slice)
        if isinstance(value, Config) and not isinstance(index, slice) and index not in value:
            raise NotAllowedError(f"the dict has no {index!r}; {suggestion(index, value)}")
        if not isinstance(value, (Config, list, tuple, str, range)):
            raise NotAllowedError(f"a {kind(value)} has no items; dicts, lists, tuples and texts have")
        if isinstance(index, slice):
            return self.sliced(value, cast("slice[Any, Any, Any]", index))
        return cast(Any, value[index])

    def sliced(self, value: Any, part: slice[Any, Any, Any]) -> Any:
        if isinstance(value, Config):
            raise NotAllowedError("a dict has no slices; use a list, tuple or text")
        items = value[part]
        self.budget.spend(0 if isinstance(items, range) else len(items))
        return MarkedList(items, value.known_marks()[part]) if isinstance(value, MarkedList) else items

    def index(self, node: ast.expr) -> Any:
        if not isinstance(node, ast.Slice):
            return key(self.value(node))
        return slice(*(None if part is None else self.value(part) for part in (node.lower, node.upper, node.step)))

    def base_value(self, path: list[str]) -> Any:
        value: Any = self.base
        for part in path:
            index, known = find_key(value, part)
            if index is None:
                raise NotAllowedError(f"_base_.{'.'.join(path)}: no '{part}' in the bases; {suggestion(part, known)}")
            value = value[index]
        return value

    # --- operators -----------------------------------------------------------

    def on_binop(self, node: ast.BinOp) -> Any:
        return binary(node.op, self.value(node.left), self.value(node.right), self.budget)

    def on_unaryop(self, node: ast.UnaryOp) -> Any:
        if type(node.op) not in UNARY:
            raise NotAllowedError("operator ~ is not allowed; use + - not")
        return number(UNARY[type(node.op)](self.value(node.operand)))

    def on_boolop(self, node: ast.BoolOp) -> Any:
        value: Any = None
        for part in node.values:
            value = self.value(part)
            if bool(value) is isinstance(node.op, ast.Or):
                break
        return value

    def on_compare(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for operation, part in zip(node.ops, node.comparators, strict=True):
            right = self.value(part)
            if not compare(operation, left, right, self.budget):
                return False
            left = right
        return True

    def on_ifexp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.value(node.test) else node.orelse)

    # --- calls and comprehensions --------------------------------------------

    def on_call(self, node: ast.Call) -> Any:
        mark = self.mark(node)
        if isinstance(node.func, ast.Attribute):
            return self.method(node, node.func, mark)
        if not isinstance(node.func, ast.Name):
            raise NotAllowedError("only named functions can be called")
        name = node.func.id
        if name == "dict" and not any(isinstance(argument, ast.Starred) for argument in node.args):
            return self.new_dict(node, mark)
        if name not in FUNCTIONS:
            raise NotAllowedError(f"calling '{name}' is not allowed; functions are {', '.join(FUNCTIONS)}")
        return self.call(name, FUNCTIONS[name], [self.budget, mark, *self.listed(node.args)], self.keywords(node))

    def call(self, name: str, function: Callable[..., Any], arguments: list[Any], words: dict[str, Any]) -> Any:
        try:
            return function(*arguments, **words)
        except TypeError as error:
            try:
                inspect.signature(function).bind(*arguments, **words)
            except TypeError:
                raise NotAllowedError(f"{name}() does not take these arguments") from None
            raise NotAllowedError(f"{name}(): {error}") from None

    def new_dict(self, node: ast.Call, mark: Mark) -> Config:
        """Return ``dict(source, **more, name=value)``; every item knows its own line, or the one it came with."""
        config = Config()
        self.budget.spend(DICT_COST)
        if len(node.args) > 1:
            raise NotAllowedError("dict() does not take these arguments")
        for argument in node.args:
            put_all(config, self.value(argument), mark, self.budget)
        for word in node.keywords:
            value = self.value(word.value)
            if word.arg is not None:
                config.put(word.arg, value, self.mark(word))
            else:
                put_all(config, self.names_of(value), self.mark(word), self.budget)
        return config

    def names_of(self, value: Any) -> Config:
        """Return the dict behind ``**``; its keys have to be names."""
        if isinstance(value, Config) and all(isinstance(name, str) for name in value):
            return value
        raise NotAllowedError(f"** needs a dict with names as keys, not {kind(value)}")

    def keywords(self, node: ast.Call) -> dict[str, Any]:
        words: dict[str, Any] = {}
        for word in node.keywords:
            value = self.value(word.value)
            if word.arg is not None:
                words[word.arg] = value
            else:
                self.budget.spend(len(self.names_of(value)))
                words.update(cast("dict[str, Any]", value))
        return words

    def method(self, node: ast.Call, function: ast.Attribute, mark: Mark) -> Any:
        owner = self.value(function.value)
        methods = METHODS.get(cast("type[Any]", type(owner)), {})
        if function.attr not in methods:
            hint = f"its methods are {', '.join(methods)}" if methods else "only dicts and lists have methods here"
            raise NotAllowedError(f"calling '.{function.attr}' of {kind(owner)} is not allowed; {hint}")
        arguments = [self.budget, mark, owner, *self.listed(node.args)]
        return self.call(f".{function.attr}", methods[function.attr], arguments, self.keywords(node))

    def on_listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> MarkedList:
        items = MarkedList()
        self.comprehend(node.generators, lambda: items.append(self.value(node.elt)))
        marks: list[Mark | None] = [self.mark(node.elt)]
        items.marks = marks * len(items)
        return items

    on_generatorexp = on_listcomp

    def on_setcomp(self, node: ast.SetComp) -> set[Any]:
        items = set[Any]()
        self.comprehend(node.generators, lambda: items.add(key(self.value(node.elt))))
        return items

    def on_dictcomp(self, node: ast.DictComp) -> Config:
        config, mark = Config(), self.mark(node.value)
        self.comprehend(node.generators, lambda: config.put(key(self.value(node.key)), self.value(node.value), mark))
        return config

    def comprehend(self, generators: list[ast.comprehension], add: Callable[[], object]) -> None:
        """Run ``add`` for each item; the loop's names do not outlive it."""
        targets = [part for each in generators for part in ast.walk(each.target) if isinstance(part, ast.Name)]
        missing = object()
        saved = {part.id: (self.names.get(part.id, missing), self.names.mark(part.id)) for part in targets}

        def descend(level: int) -> None:
            if level == len(generators):
                add()
                return
            for item in elements(self.value(generators[level].iter), self.budget):
                self.bind(generators[level].target, item)
                if all(self.value(test) for test in generators[level].ifs):
                    descend(level + 1)

        try:
            descend(0)
        finally:
            for name, (value, mark) in saved.items():
                if value is missing:
                    self.names.pop(name, None)
                else:
                    self.names.put(name, value, mark)

    def bind(self, target: ast.expr, value: Any) -> None:
        """Set the name or names of a loop."""
        self.budget.spend(1)
        if isinstance(target, ast.Name):
            self.set_name(target, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self.unpack(target, value, self.bind)
        else:
            self.fail(target, "a loop sets plain names only")

    def unpack(self, target: ast.Tuple | ast.List, value: Any, bind: Callable[[ast.expr, Any], None]) -> None:
        values = elements(value, self.budget)
        if len(values) != len(target.elts) or any(isinstance(part, ast.Starred) for part in target.elts):
            self.fail(target, f"{len(values)} values for {len(target.elts)} names; give each value one name")
        for part, item in zip(target.elts, values, strict=True):
            bind(part, item)

    def set_name(self, target: ast.Name, value: Any) -> None:
        if target.id.startswith("__") or target.id in FUNCTIONS or target.id == "_base_":
            self.fail(target, f"the name '{target.id}' is reserved; choose another")
        self.names.put(target.id, value, self.mark(target))


def literal_or_text(text: str) -> Any:
    """Return the number, True, False or None that ``text`` spells, and else the text."""
    words = {"True": True, "False": False, "None": None}
    if text in words:
        return words[text]
    for convert in (int, float):
        try:
            value = checked(convert(text))
        except (ValueError, OverBudgetError):
            continue
        return value if math.isfinite(value) else text
    return text
