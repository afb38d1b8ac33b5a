"""Overrides from the command line: ``model.head.loss.type=KLDiscretLoss``, ``milestones=[170,200]``."""

from __future__ import annotations

import ast
from typing import Any

from posekit.config.config import Config, ConfigError, Mark, brief, find_key
from posekit.config.limits import MAX_TEXT, Budget, OverBudgetError, checked
from posekit.config.merge import over
from posekit.config.source import parse
from posekit.config.values import MarkedList

MARK = Mark("command line", 0)
WORDS = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None, "null": None}


def apply_override(config: Config, text: str, budget: Budget) -> None:
    """Set one value of an evaluated config.

    Raises:
        ConfigError: if the text is not ``path=value``, or the path leads through something without items.
    """
    path, equals, written = text.partition("=")
    parts = path.strip().split(".")
    if not equals or not all(parts):
        raise ConfigError(f"command line: '{text}' is no override; write path.to.key=value")
    if len(text) > MAX_TEXT:
        raise ConfigError(f"command line: the override of {path[:60]} is longer than {MAX_TEXT:,} characters")
    try:
        value = parse_value(written.strip())
        budget.spend_tree(value)
        _set(config, parts, value, path, budget)
    except OverBudgetError as error:
        raise ConfigError(f"command line: {path}: {error}") from None


def _set(config: Config, parts: list[str], value: Any, path: str, budget: Budget) -> None:
    """Copy each container on the way, so that a value that two keys share changes under one of them only."""
    owner: Any = config
    for depth, part in enumerate(parts):
        key, _ = find_key(owner, part)
        if key is None and not isinstance(owner, Config):
            here = ".".join(parts[:depth])
            what = (
                f"items 0 to {len(owner) - 1}" if isinstance(owner, MarkedList) and owner else "nothing to set inside"
            )
            raise ConfigError(f"command line: {path}: {here} is {brief(owner)}; it has {what}")
        index = part if key is None else key
        old = None if key is None else owner[index]
        if depth == len(parts) - 1:
            new = over(value, old, path, MARK, budget)
        elif isinstance(old, tuple):
            new = MarkedList(old)
        elif isinstance(old, MarkedList):
            new = MarkedList(old, old.marks and list(old.marks))
        else:
            new = Config() if old is None else old.copy() if isinstance(old, Config) else old
        _put(owner, index, new, MARK if depth == len(parts) - 1 or key is None else None)
        owner = new


def _put(owner: Any, index: Any, value: Any, mark: Mark | None) -> None:
    if isinstance(owner, Config):
        owner.put(index, value, mark)
        return
    owner[index] = value
    if mark is not None:
        owner.marks = owner.known_marks()
        owner.marks[index] = mark


def parse_value(text: str) -> Any:
    """Return what an override's text means.

    Numbers, quoted texts, True/true, None and containers of them are read as such; names inside a list need no
    quotes. A comma outside of brackets makes a list. Anything else is the text itself.
    """
    if text in WORDS:
        return WORDS[text]
    try:
        body = parse(text, "command line").body
    except ConfigError:
        if text[:1] in ("[", "(", "{"):
            raise ConfigError(f"command line: '{text[:60]}' is no complete list or dict; check its brackets") from None
        return text
    if len(body) != 1 or not isinstance(body[0], ast.Expr):
        return text
    node = body[0].value
    if isinstance(node, ast.Tuple) and not text.startswith("("):
        return MarkedList([_read(item, text, 0) for item in node.elts])
    return _read(node, text, 0)


def _read(node: ast.expr, text: str, depth: int) -> Any:
    if depth > 40:
        raise OverBudgetError("it is nested more than 40 deep")
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float)):
        return checked(node.value)
    if isinstance(node, ast.List):
        return MarkedList([_read(item, text, depth + 1) for item in node.elts])
    if isinstance(node, ast.Tuple):
        return tuple(_read(item, text, depth + 1) for item in node.elts)
    if isinstance(node, ast.Dict) and all(isinstance(key, (ast.Constant, ast.Name)) for key in node.keys):
        pairs = [
            (_read(key, text, 0), _read(item, text, depth + 1))
            for key, item in zip(node.keys, node.values, strict=True)
            if key
        ]
        return _config(pairs)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "dict" and not node.args:
        return _config([(word.arg, _read(word.value, text, depth + 1)) for word in node.keywords])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        number = node.operand.value
        if isinstance(number, (int, float)):
            return checked(-number)
    written = ast.get_source_segment(text, node) or text
    return WORDS.get(written, written)


def _config(pairs: list[tuple[Any, Any]]) -> Config:
    config = Config()
    for key, value in pairs:
        config.put(key, value, MARK)
    return config
