"""``custom_imports``: what a config asks to be imported, and why that happens or not."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from typing import Any, cast

from posekit.config.config import Config, ConfigError

logger = logging.getLogger(__name__)

KEY = "custom_imports"
OWN_PACKAGES = ("mmpose", "mmdet", "mmpretrain", "mmcls", "mmengine", "mmcv", "posekit")
PART_SECTIONS = (
    "model", "train_dataloader", "val_dataloader", "test_dataloader", "val_evaluator", "test_evaluator",
    "param_scheduler",
)  # fmt: skip
"""Where nearly every type is a name of a registry; the check before a run looks everywhere."""


def settle_imports(config: Config, plugins: Collection[str]) -> None:
    """Drop ``custom_imports`` where the config works without them, and refuse them elsewhere.

    They name posekit's own parts, or packages that the person named with ``--plugin`` and that are imported already;
    or posekit has every type that the config uses, and a warning says so. Nothing is ever imported here.

    Raises:
        ConfigError: if a type is missing, or nothing shows what the import is for.
    """
    if config.get(KEY) is None:
        return
    foreign = [module for module in _modules(config[KEY]) if not _is_known(module, plugins)]
    if foreign:
        used = list(_types(config))
        missing = [name for name in used if not _has_type(name)]
        if missing or not used:
            _refuse(config, foreign[0], missing)
        names = " and ".join(repr(module) for module in foreign)
        logger.warning("%s: custom_imports of %s passed over: posekit has every type used", config.mark(KEY), names)
    del config[KEY]


def _modules(wanted: Any) -> list[Any]:
    listed: Any = wanted.get("imports", ()) if isinstance(wanted, Config) else wanted
    return list(cast("list[Any]", listed)) if isinstance(listed, (list, tuple)) and listed else [listed]


def _is_known(module: Any, plugins: Collection[str]) -> bool:
    package = str(module).partition(".")[0]
    return package in OWN_PACKAGES or bool({package, str(module)} & set(plugins))


def _refuse(config: Config, module: Any, missing: list[str]) -> None:
    from posekit.registry.registry import ABSENT

    package = str(module).partition(".")[0]
    lacks = f" and posekit has no {', '.join(map(repr, dict.fromkeys(missing)))}" if missing else ""
    lacks += "".join(f" ({ABSENT[name]})" for name in dict.fromkeys(missing) if name in ABSENT)
    raise ConfigError(
        f"{config.mark(KEY)}: custom_imports of '{module}' is refused: a config runs no code{lacks}; if you trust that "
        f"package, name it yourself on the command line: --plugin {package if package.isidentifier() else 'my_package'}"
    )


def _types(config: Config) -> Iterator[str]:
    """Yield the types of the parts that a config is made of."""
    for section in PART_SECTIONS:
        yield from _types_in(config.get(section))
    wrapper = config.get("optim_wrapper")
    if isinstance(wrapper, Config):
        yield from _types_in(wrapper.get("optimizer"))


def _types_in(value: Any) -> Iterator[str]:
    if isinstance(value, Config):
        kind = value.get("type")
        if isinstance(kind, str):
            yield kind
        for key, item in value.items():
            of_other_tables = str(key).endswith("_cfg") or (kind == "Albumentation" and key == "transforms")
            if not of_other_tables:
                yield from _types_in(item)
    elif isinstance(value, (list, tuple)):
        for item in cast("list[Any]", value):
            yield from _types_in(item)


def _has_type(name: str) -> bool:
    from posekit.registry import TABLES

    return any(name in table for table in TABLES)
