"""Run the statements of a config file: assignments, bounded loops, conditions and inheritance."""

from __future__ import annotations

import ast
from typing import Any

from posekit.config.config import Config
from posekit.config.evaluate import Evaluator
from posekit.config.operations import NotAllowedError, binary, elements, key, kind, list_extend
from posekit.config.values import MarkedList, TypeName


class Runner(Evaluator):
    """An evaluator that also runs statements; ``imported`` holds the names that only name types."""

    def run(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self.handle(statement)

    def on_pass(self, node: ast.Pass) -> None:
        """A placeholder has no effect."""

    def on_expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.value(node.value)

    def on_assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self.assign(target, value)

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.set_name(target, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self.unpack(target, value, self.assign)
        elif isinstance(target, ast.Attribute):
            self.set_item(target, self.value(target.value), target.attr, value)
        elif isinstance(target, ast.Subscript):
            self.set_item(target, self.value(target.value), self.index(target.slice), value)
        else:
            self.fail(target, f"cannot assign to a {type(target).__name__}; assign to names and items")

    def set_item(self, target: ast.Attribute | ast.Subscript, owner: Any, index: Any, value: Any) -> None:
        if isinstance(owner, Config) and not isinstance(index, slice):
            owner.put(index, value, self.mark(target))
        elif isinstance(owner, MarkedList) and isinstance(target, ast.Subscript):
            if isinstance(index, slice):
                value = elements(value, self.budget)
                self.budget.spend(len(owner))
                owner[index], owner.marks = value, None
            else:
                owner[index] = value
                if owner.marks is not None:
                    owner.marks[index] = self.mark(target)
        else:
            self.fail(target, f"cannot set items of {kind(owner)}; dicts and lists can be changed")

    def on_augassign(self, node: ast.AugAssign) -> None:
        target = node.target
        if not isinstance(target, ast.Name):
            self.fail(target, "only a plain name can be changed with an operator like +=")
        old, more = self.on_name(target), self.value(node.value)
        if isinstance(old, MarkedList) and isinstance(node.op, ast.Add):
            list_extend(self.budget, self.mark(node), old, more)
        else:
            self.set_name(target, binary(node.op, old, more, self.budget))

    def on_for(self, node: ast.For) -> None:
        if node.orelse:
            self.fail(node.orelse[0], "a loop with else is not allowed; write it after the loop")
        for item in elements(self.value(node.iter), self.budget):
            self.bind(node.target, item)
            self.run(node.body)

    def on_if(self, node: ast.If) -> None:
        self.run(node.body if self.value(node.test) else node.orelse)

    def on_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                del self.names[target.id]
                continue
            if not isinstance(target, ast.Subscript):
                self.fail(target, "only names and items like x[key] can be deleted")
            owner, index = self.value(target.value), self.index(target.slice)
            if not isinstance(owner, (Config, MarkedList)):
                raise NotAllowedError(f"items of {kind(owner)} cannot be deleted; those of dicts and lists can")
            if isinstance(owner, MarkedList):
                self.budget.spend(len(owner))
                owner.marks = None
            del owner[key(index) if isinstance(owner, Config) else index]

    def on_import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.set_name(_target(alias.asname or alias.name.partition(".")[0], node), TypeName(alias.name))

    def on_importfrom(self, node: ast.ImportFrom) -> None:
        if node.level:
            self.fail(node, "a relative import is a base: write it inside `with read_base():`")
        for alias in node.names:
            if alias.name == "*":
                self.fail(node, f"`from {node.module} import *` is only allowed inside `with read_base():`")
            if alias.name != "read_base":
                self.set_name(_target(alias.asname or alias.name, node), TypeName(alias.name))


def _target(name: str, node: ast.stmt) -> ast.Name:
    return ast.Name(name, ast.Store(), lineno=node.lineno, col_offset=0)
