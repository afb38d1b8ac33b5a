"""Load config files: the file, its bases, the overrides of the command line."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, cast

from posekit.config.config import Config, brief
from posekit.config.errors import ConfigError, shown_path
from posekit.config.folders import ConfigFolders, find_config
from posekit.config.imports import settle_imports
from posekit.config.limits import FILE_COST, MAX_BASES, Budget, OverBudgetError
from posekit.config.merge import merge
from posekit.config.overrides import apply_override
from posekit.config.source import parse, read_text
from posekit.config.statements import Runner
from posekit.config.values import TypeName, finish
from posekit.config.variables import file_variables

BASE = "_base_"


def load(
    path: str | Path,
    overrides: Sequence[str] = (),
    *,
    plugins: Collection[str] = (),
    roots: Collection[str | Path] = (),
) -> Config:
    """Load a config file without executing it.

    Args:
        path: the file; one of posekit's own configs may be named from anywhere (``posekit::body/...``).
        overrides: changes such as ``model.head.loss.type=KLDiscretLoss`` or ``milestones=[170,200]``.
        plugins: packages the user named with ``--plugin``, which may stand in ``custom_imports``.
        roots: folders the user named with ``--config-root``, from which bases may come too.

    Returns:
        The resolved config. Every value knows where it was set, see ``Config.where``.

    Raises:
        ConfigError: if a file is missing, too large, or uses anything outside of the config language.
    """
    file = find_config(path)
    loader = _Loader(ConfigFolders(file, roots), plugins)
    return loader.finished(lambda: loader.file(file), str(file), overrides)


def loads(text: str, overrides: Sequence[str] = (), *, name: str = "config text") -> Config:
    """Load a config from its text; its bases can only be posekit's own configs.

    Raises:
        ConfigError: as ``load``.
    """
    loader = _Loader(ConfigFolders(None), ())
    return loader.finished(lambda: loader.text(text, Path(name), ()), name, overrides)


class _Loader:
    """Reads one config and all its bases from one budget."""

    def __init__(self, folders: ConfigFolders, plugins: Collection[str]) -> None:
        self.folders, self.plugins, self.budget = folders, plugins, Budget()

    def finished(self, read: Callable[[], Config], file: str, overrides: Sequence[str]) -> Config:
        """Return what ``read`` gives, with the overrides, in its final types."""
        try:
            names = read()
            for override in overrides:
                apply_override(names, override, self.budget)
            config = finish(names, None, "", file, self.budget)[0]
        except OverBudgetError as error:
            raise ConfigError(f"{shown_path(file)}: too large: {error}") from None
        except RecursionError:
            raise ConfigError(f"{shown_path(file)}: nested too deeply; split it into named values") from None
        settle_imports(config, self.plugins)
        return config

    def file(self, path: Path, children: tuple[Path, ...] = ()) -> Config:
        """Return the names of a file, merged over its bases."""
        shown = shown_path(str(path))
        if path in children:
            chain = " -> ".join(shown_path(str(item)) for item in (*children[children.index(path) :], path))
            raise ConfigError(f"{shown}: inherits from itself: {chain}")
        if len(children) > MAX_BASES:
            raise ConfigError(f"{shown}: more than {MAX_BASES} levels of bases")
        return self.text(read_text(path), path, children)

    def text(self, text: str, path: Path, children: tuple[Path, ...]) -> Config:
        self.budget.spend(FILE_COST + len(text) // 16)
        body = parse(text, str(path)).body
        runner = _FileRunner(str(path), Config(), variables=file_variables(path), budget=self.budget)
        runner.loader, runner.children = self, (*children, path)
        runner.base = runner.bases([node for node in body if _is_base(node)])
        runner.run([node for node in body if not _is_base(node)])
        names = merge(runner.names, runner.base, self.budget)
        for name in [name for name, value in names.items() if isinstance(value, TypeName)]:
            del names[name]
        return names


class _FileRunner(Runner):
    """Runs one file; knows the loader for its bases."""

    loader: _Loader
    children: tuple[Path, ...]

    def on_name(self, node: ast.Name) -> Any:
        return self.base if node.id == BASE else super().on_name(node)

    def bases(self, nodes: list[ast.stmt]) -> Config:
        """Load the files of ``_base_``; together they are one config."""
        if len(nodes) > 1:
            self.fail(nodes[1], f"{BASE} is set twice; list all bases in one")
        together = Config()
        for node in nodes:
            listed = self.value(cast(ast.Assign, node).value)
            for text in cast("list[Any]", listed if isinstance(listed, (list, tuple)) else [listed]):
                if not isinstance(text, str):
                    self.fail(node, f"{BASE} is a path or a list of paths, not {brief(text)}")
                self.join(together, self.inherited(node, text), node)
        return together

    def inherited(self, node: ast.stmt, text: str, level: int | None = None) -> Config:
        folder = Path(self.file).parent
        try:
            path = self.loader.folders.base(text, folder)
            if level is not None:
                path = self.loader.folders.module(text, level, folder)
        except ConfigError as error:
            self.fail(node, str(error))
        except (OSError, ValueError, RuntimeError) as error:
            self.fail(node, f"base {text!r} is no path: {error}")
        if not path.is_file():
            self.fail(node, f"base '{text}' does not exist: no file {shown_path(str(path))}")
        return self.loader.file(path, self.children)

    def join(self, together: Config, base: Config, node: ast.stmt) -> None:
        for name, value in base.items():
            if name in together:
                places = f"{together.mark(name)} and {base.mark(name)}"
                self.fail(node, f"'{name}' is set by two bases ({places}); rename one or inherit one from the other")
            together.put(name, value, base.mark(name))

    def on_with(self, node: ast.With) -> None:
        """Read the bases of ``with read_base(): from .file import *`` into the names of this file."""
        call = node.items[0].context_expr
        if len(node.items) > 1 or not (isinstance(call, ast.Call) and ast.unparse(call) == "read_base()"):
            self.fail(node, "the only allowed `with` is `with read_base():`")
        for statement in node.body:
            if not isinstance(statement, ast.ImportFrom):
                self.fail(statement, "inside `with read_base():` only `from .file import ...` is allowed")
            base = self.inherited(statement, statement.module or "", statement.level)
            for alias in statement.names:
                wanted = list(base) if alias.name == "*" else [alias.name]
                for name in wanted:
                    if name not in base:
                        self.fail(statement, f"the base has no '{name}'; it has {', '.join(map(str, base))}")
                    self.names.put(alias.asname or name, base[name], base.mark(name))


def _is_base(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == BASE
    )
