"""Load config files: the file, its bases, the overrides of the command line."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from posekit.config.config import Config, ConfigError, Mark, brief, shown_path
from posekit.config.detectors import settle_detector
from posekit.config.folders import ConfigFolders, find_config, packaged_configs
from posekit.config.imports import settle_imports
from posekit.config.limits import FILE_COST, MAX_BASES, Budget, OverBudgetError
from posekit.config.merge import merge
from posekit.config.names import is_name, no_such_config
from posekit.config.operations import NotAllowedError
from posekit.config.overrides import apply_override
from posekit.config.pruned import settle_pruned
from posekit.config.settings import MISSING, Layers, check_type, received, refuse_misspelled
from posekit.config.source import neighbours, parse, read_text
from posekit.config.statements import Runner
from posekit.config.values import TypeName, finish
from posekit.config.variables import file_variables
from posekit.config.yolox_pose import settle_yolox_pose

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
        path: the file; one of posekit's own configs may be named from anywhere, by its path (``posekit::body/...``)
            or by its name alone.
        overrides: changes such as ``model.head.loss.type=KLDiscretLoss`` or ``milestones=[170,200]``.
        plugins: packages that the user named with ``--plugin``; ``custom_imports`` may name them too.
        roots: folders the user named with ``--config-root``, from which bases may come too.

    Returns:
        The resolved config. Every value knows where it was set, see ``Config.where``.

    Raises:
        ConfigError: if a file is missing, too large, or uses anything outside of the config language.

    Example:
        >>> config = load("td-hm_hrnet-w32_8xb64-210e_coco-256x192", ["model.head.out_channels=3"])
        >>> config.model.head.out_channels, config.model.backbone.type
        (3, 'HRNet')
    """
    file = find_config(path)
    if is_name(path) and not file.exists() and not neighbours(file):
        raise ConfigError(no_such_config(path, packaged_configs()))
    loader = _Loader(ConfigFolders(file, roots), plugins)
    return loader.finished(lambda outer: loader.file(file, outer), str(file), overrides)


def loads(text: str, overrides: Sequence[str] = (), *, name: str = "config text") -> Config:
    """Load a config from its text; its bases can only be posekit's own configs.

    Raises:
        ConfigError: as ``load``.
    """
    loader = _Loader(ConfigFolders(None), ())
    return loader.finished(lambda outer: loader.text(text, Path(name), outer, ()), name, overrides)


class _Read(NamedTuple):
    """The names of a file over those of its bases, and the settings that it or they declare, with their places."""

    names: Config
    settings: dict[str, Mark]


class _Loader:
    """Reads one config and all its bases from one budget."""

    def __init__(self, folders: ConfigFolders, plugins: Collection[str]) -> None:
        self.folders, self.plugins, self.budget = folders, plugins, Budget()

    def finished(self, read: Callable[[Layers], _Read], file: str, overrides: Sequence[str]) -> Config:
        """Return what ``read`` makes of the overridden settings, with all overrides, in its final types."""
        try:
            changed = Config()
            for override in overrides:
                apply_override(changed, override, self.budget)
            names = read([changed]).names
            for override in overrides:
                apply_override(names, override, self.budget)
            config = finish(names, None, "", file, self.budget)[0]
        except OverBudgetError as error:
            raise ConfigError(f"{shown_path(file)}: too large: {error}") from None
        except RecursionError:
            raise ConfigError(f"{shown_path(file)}: nested too deeply; split it into named values") from None
        settle_detector(config)
        settle_pruned(config)
        settle_yolox_pose(config)
        settle_imports(config, self.plugins)
        return config

    def file(self, path: Path, outer: Layers, children: tuple[Path, ...] = ()) -> _Read:
        """Return the names of a file, merged over its bases; ``outer`` is what the inheriting configs have set."""
        shown = shown_path(str(path))
        if path in children:
            chain = " -> ".join(shown_path(str(item)) for item in (*children[children.index(path) :], path))
            raise ConfigError(f"{shown}: inherits from itself: {chain}")
        if len(children) > MAX_BASES:
            raise ConfigError(f"{shown}: more than {MAX_BASES} levels of bases")
        return self.text(read_text(path), path, outer, children)

    def text(self, text: str, path: Path, outer: Layers, children: tuple[Path, ...]) -> _Read:
        self.budget.spend(FILE_COST + len(text) // 16)
        body = parse(text, str(path)).body
        runner = _FileRunner(str(path), Config(), variables=file_variables(path), budget=self.budget)
        runner.loader, runner.outer, runner.children = self, outer, (*children, path)
        runner.base_nodes = [node for node in body if _is_base(node)]
        runner.run([node for node in body if not _is_base(node)])
        base = runner.base
        runner.check_order()
        if not children and runner.settings:
            for layer in (runner.names, *outer):
                inherited = base if layer is runner.names else {**base, **runner.names}
                refuse_misspelled(layer, runner.settings, inherited, body)
        names = merge(runner.names, base, self.budget)
        for name in [name for name, value in names.items() if isinstance(value, TypeName)]:
            del names[name]
        return _Read(names, runner.settings)


class _FileRunner(Runner):
    """Runs one file. Its bases are read when it first uses them, at its end at the latest.

    Attributes:
        outer: what the inheriting configs have set, the innermost first.
        settings: the settings that this file and its bases declare.
        passed: the settings of the bases, each with the mark of the value that they saw.
    """

    loader: _Loader
    outer: Layers
    children: tuple[Path, ...]
    base_nodes: list[ast.stmt]

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        self.settings: dict[str, Mark] = {}
        self.passed: dict[str, Mark | None] = {}
        self._base: Config | None = None

    def on_name(self, node: ast.Name) -> Any:
        return self.base if node.id == BASE else super().on_name(node)

    def on_annassign(self, node: ast.AnnAssign) -> None:
        """Declare a setting, ``name: type = default``; a value that an inheriting config sets replaces the default."""
        target = node.target
        if not isinstance(target, ast.Name):
            self.fail(target, "a setting is a plain name: `name: type = default`")
        name = target.id
        default = MISSING if node.value is None else self.value(node.value)
        if default is not MISSING:
            self.set_name(target, default)
        value, mark = received(name, default, self.outer, self.budget)
        if value is MISSING:
            self.fail(node, f"'{name}' is not set; a config that inherits this file has to set it")
        if mark is not None:
            self.names.put(name, value, mark)
        try:
            check_type(name, value, node.annotation)
        except NotAllowedError as error:
            self.fail(node, f"{error}{f' (set at {mark})' if mark else ''}")
        self.settings[name] = self.mark(node)

    @property
    def base(self) -> Config:
        """The files of ``_base_`` as one config; each sees what this file has set so far, and the bases before it."""
        if self._base is None:
            self._base = together = Config()
            if len(self.base_nodes) > 1:
                self.fail(self.base_nodes[1], f"{BASE} is set twice; list all bases in one")
            for node in self.base_nodes:
                listed = self.value(cast(ast.Assign, node).value)
                for text in cast("list[Any]", listed if isinstance(listed, (list, tuple)) else [listed]):
                    if not isinstance(text, str):
                        self.fail(node, f"{BASE} is a path or a list of paths, not {brief(text)}")
                    self.join(together, self.inherited(node, text, outer=[together, self.names]), node)
        return self._base

    def inherited(self, node: ast.stmt, text: str, level: int | None = None, *, outer: Layers) -> _Read:
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
            self.fail(node, f"base '{text}' does not exist: no file {shown_path(str(path))}{neighbours(path)}")
        read = self.loader.file(path, [*outer, *self.outer], self.children)
        for name, mark in read.settings.items():
            self.settings.setdefault(name, mark)
            self.passed.setdefault(name, self.names.mark(name))
        return read

    def check_order(self) -> None:
        """Refuse a setting that this file sets only after its bases have been read."""
        for name, mark in self.passed.items():
            now = self.names.mark(name)
            if now is not None and (mark is None or now[:2] != mark[:2]) and now.file == self.file:
                raise ConfigError(
                    f"{now}: '{name}' is a setting of a base ({self.settings[name]}), which has been read before this "
                    f"line; set it above the first use of {BASE}"
                )

    def join(self, together: Config, read: _Read, node: ast.stmt) -> None:
        base = read.names
        for name, value in base.items():
            if name in together and name not in read.settings:
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
            base = self.inherited(statement, statement.module or "", statement.level, outer=[self.names]).names
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
