"""Where configs lie, and which files a config may inherit from."""

from __future__ import annotations

import copy
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

from posekit.config.config import ConfigError, shown_path
from posekit.config.names import is_name, named_config

PACKAGES = {"posekit": "", "mmpose": "", "mmdet": "detection"}
"""Folder of each package's configs within posekit's configs."""

PROJECT_FILES = (".git", "pyproject.toml")


def packaged_configs() -> Path:
    """Return the folder of the configs that come with posekit, in the wheel or beside the package's source."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "configs"
    return shipped if shipped.is_dir() else package.parent / "configs"


def find_config(path: str | Path) -> Path:
    """Return the file that a user's path means.

    A path that does not exist from the working directory is looked up in posekit's own configs, with
    ``posekit::`` or ``configs/`` in front or nothing, or only by the name of the file.
    """
    if isinstance(path, str) and "::" in path:
        return packaged_path(path)
    named_path = Path(path).expanduser()
    parts = named_path.parts[1:] if named_path.parts[:1] == ("configs",) else named_path.parts
    packaged = packaged_configs().joinpath(*parts)
    try:
        if named_path.is_absolute() or named_path.exists():
            return named_path.resolve()
        if packaged.is_file():
            return packaged.resolve()
        named = named_config(named_path, packaged_configs()) if is_name(named_path) else None
        return (named or named_path).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(f"{str(path)!r} cannot be a config's path: {error}") from None


def packaged_path(text: str) -> Path:
    """Return the file of ``posekit::path``; ``mmpose::`` names the same folder, ``mmdet::`` that of the detectors.

    Raises:
        ConfigError: if the package is another, or the path leaves the folder.
    """
    package, _, inside = text.partition("::")
    if package.strip() not in PACKAGES:
        raise ConfigError(f"'{text}': no configs of a package '{package}'; packages are {', '.join(PACKAGES)}")
    root = (packaged_configs() / PACKAGES[package.strip()]).resolve()
    path = (root / inside).resolve()
    if not path.is_relative_to(root):
        raise ConfigError(f"'{text}' leads out of posekit's configs; name a file inside")
    return path


def config_root(path: Path) -> Path:
    """Return the folder a config's bases must stay in.

    It is the nearest parent called ``configs``, else the nearest with ``.git`` or ``pyproject.toml``, else the
    working directory where the file is below it, else the file's own folder.
    """
    for parent in path.parents:
        if parent.name == "configs":
            return parent
    for parent in path.parents:
        if any((parent / name).exists() for name in PROJECT_FILES):
            return parent
    here = Path.cwd().resolve()
    return here if path.is_relative_to(here) else path.parent


def path_beside(path: str, config: str) -> str:
    """Return a config's path that another config states, as one that holds from any working directory.

    Args:
        path: ``configs/...`` or any other path, seen from the folder that holds the other config's ``configs``, or
            from its project's folder. One that is not there stays as it is.
        config: file of the other config; "" if it has none.
    """
    if not config or is_name(path) or "::" in path:
        return path
    root = config_root(Path(config).resolve())
    beside = (root.parent if root.name == "configs" else root) / path
    return str(beside) if beside.is_file() else path


def model_with_paths(config: Any) -> Any:
    """Return a config's model, in which paths of configs (a distiller's ``student_cfg``) hold from anywhere."""
    model, file = config["model"], getattr(config, "filename", "")
    if not isinstance(model, dict):
        return model
    model = copy.deepcopy(cast("dict[Any, Any]", model))
    for key, value in model.items():
        if isinstance(key, str) and key.endswith("_cfg") and isinstance(value, str):
            model[key] = path_beside(value, file)
    return model


def is_checkout(folder: Path) -> bool:
    """Whether a folder is a checkout of MMPose, of a version with or without configs inside the package."""
    package = folder / "mmpose"
    return (package / "configs").is_dir() or ((package / "__init__.py").is_file() and (folder / "configs").is_dir())


def existing_root(folder: str | Path) -> Path:
    """Return a folder of ``--config-root`` in full.

    Raises:
        ConfigError: if it is none.
    """
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise ConfigError(f"--config-root {folder}: no such folder; name one that holds configs")
    return path.resolve()


class ConfigFolders:
    """The folders one load may read: that of the config the user named, posekit's own, and those the user allows.

    A config that lies in a checkout of MMPose may also read the rest of that checkout, and ``mmpose::`` names
    the checkout's configs before posekit's.

    Args:
        path: the config that the user named, None for a text.
        allowed: more folders, of ``--config-root``.

    Raises:
        ConfigError: if one of these does not exist.
    """

    def __init__(self, path: Path | None, allowed: Collection[str | Path] = ()) -> None:
        extra = [existing_root(folder) for folder in allowed]
        self.roots = [packaged_configs().resolve(), *extra]
        self.checkout: Path | None = None
        if path is not None:
            self.roots.insert(0, config_root(path))
            self.checkout = next(filter(is_checkout, (*path.parents, *extra)), None)
        if self.checkout is not None:
            self.roots.append(self.checkout)

    def base(self, text: str, folder: Path) -> Path:
        """Return the file that ``_base_ = text`` means for a config in ``folder``.

        Raises:
            ConfigError: if it lies outside of the folders that may be read.
        """
        if text.startswith("mmpose::") and self.checkout is not None:
            file = self.inside((self.checkout / "configs" / text.removeprefix("mmpose::")).resolve(), text)
            return file if file.is_file() or not packaged_path(text).is_file() else packaged_path(text)
        if "::" in text:
            return packaged_path(text)
        return self.inside((folder / text).resolve(), text)

    def module(self, module: str, level: int, folder: Path) -> Path:
        """Return the file that ``from ..module import`` inside ``with read_base():`` means."""
        parts = module.split(".") if module else []
        if level:
            start = folder.joinpath(*[".."] * (level - 1))
        elif len(parts) > 2 and parts[0] in PACKAGES and parts[1] == "configs":
            start, parts = packaged_configs() / PACKAGES[parts[0]], parts[2:]
            if self.checkout is not None and module.startswith("mmpose."):
                configs = self.checkout / "mmpose" / "configs"
                start = configs if configs.is_dir() else start
        else:
            raise ConfigError(f"'{module}' is no config; write `from .file import *` or `from mmpose.configs...`")
        return self.inside(start.joinpath(*parts[:-1], f"{parts[-1] if parts else ''}.py").resolve(), module)

    def inside(self, path: Path, text: str) -> Path:
        if not any(path.is_relative_to(root) for root in self.roots):
            allowed = " and ".join(shown_path(str(root)) for root in self.roots)
            raise ConfigError(
                f"base '{text}' lies outside of the config folders; bases may come from {allowed}; "
                "allow more with --config-root FOLDER"
            )
        return path
