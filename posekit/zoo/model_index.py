"""Released models by name: where the weights are, which config they fit, what they were trained on and how they score.

``models.json`` beside this file holds them; ``python tools/write_model_index.py`` writes it.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from posekit.console import suggestion
from posekit.zoo.config_index import shown_scores
from posekit.zoo.licences import Terms, Verdict, terms_of, verdict_of

INDEX = Path(__file__).with_name("models.json")
KINDS = ("pose", "detector", "backbone")


class UnknownModelError(ValueError):
    """No released model has that name."""


class ModelEntry(NamedTuple):
    """One released file of weights.

    Attributes:
        name: unique; that of the config where there is one, with ``-onnx`` for exported models.
        aliases: short names, such as ``human`` or ``rtmpose-m``.
        kind: one of ``KINDS``; a backbone is a start for training and finds nothing by itself.
        task: such as ``body 2d`` or ``detection``.
        algorithm: such as ``RTMPose``.
        config: the config's file below the folder of configs; empty where posekit has none.
        urls: the address of the weights, then addresses of the same file elsewhere.
        sha256: the first digits of the SHA-256, as published; empty where none is.
        training_data: names of the datasets, without those of the pretraining; empty where nobody says.
        scores: published results, as ``{"COCO AP": 0.758}``.
        note: what a user should know, such as why there is no config.
    """

    name: str
    aliases: tuple[str, ...]
    kind: str
    task: str
    algorithm: str
    config: str
    urls: tuple[str, ...]
    sha256: str
    training_data: tuple[str, ...]
    scores: dict[str, float]
    note: str

    @property
    def file(self) -> str:
        """The file's name."""
        return PurePosixPath(urlsplit(self.urls[0]).path).name

    @property
    def is_onnx(self) -> bool:
        """Whether it is an ONNX file, or a zip archive that holds one."""
        return self.file.endswith((".onnx", ".zip"))

    @property
    def terms(self) -> dict[str, Terms]:
        """The terms of the code, the weights and each dataset."""
        return terms_of(self.urls[0], self.training_data, own_code=bool(self.config) or self.is_onnx)

    @property
    def commercial(self) -> Verdict:
        """Whether commercial use is allowed: yes, no or unclear."""
        return verdict_of(self.terms.values())

    @property
    def config_path(self) -> Path | None:
        """The config's file, if posekit has one."""
        from posekit.config import packaged_configs

        return packaged_configs() / self.config if self.config else None

    def require_config(self) -> Path:
        """Return the config's file.

        Raises:
            ValueError: if posekit has none.
        """
        if self.config_path is None:
            raise ValueError(f"{self.name}: {self.note or 'no config'}")
        return self.config_path

    @property
    def searched(self) -> str:
        """What the words of a search are looked for in."""
        return " ".join((self.name, *self.aliases, self.kind, self.task, self.algorithm, *self.training_data))

    @property
    def shown_scores(self) -> str:
        return shown_scores(self.scores)


@functools.cache
def model_entries(path: Path = INDEX) -> tuple[ModelEntry, ...]:
    """Return all released models, in the order of their tasks."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    lists = ("aliases", "urls", "training_data")
    return tuple(ModelEntry(**{**row, **{key: tuple(row[key]) for key in lists}}) for row in rows)


@functools.cache
def _by_name() -> dict[str, ModelEntry]:
    """Return the models by everything they are called, in lower case; names come before files."""
    names: dict[str, ModelEntry] = {}
    for entry in model_entries():
        for name in (entry.name, *entry.aliases):
            names[name.lower()] = entry
    for entry in model_entries():
        names.setdefault(entry.file.lower(), entry)
    return names


def is_alias(name: str) -> bool:
    """Return whether a released model is called that, while no config and no file is."""
    from posekit.config import packaged_configs
    from posekit.config.names import named_config

    return entry_of(name) is not None and not Path(name).exists() and named_config(name, packaged_configs()) is None


def entry_of(name: str) -> ModelEntry | None:
    """Return the released model of that name, alias or file, in any letter case; None if there is none."""
    return _by_name().get(name.lower())


def find(name: str) -> ModelEntry:
    """Return the released model of that name, alias or file, in any letter case.

    >>> find("human").name
    'rtmpose-m_8xb256-420e_body8-256x192'

    Raises:
        UnknownModelError: if there is none; the message suggests names.
    """
    entry = entry_of(name)
    if entry is None:
        known = [each for model in model_entries() for each in (*model.aliases, model.name)]
        hint = suggestion(name, known, otherwise="the nearest are", most_listed=6)
        raise UnknownModelError(f"no released model is called '{name}'; {hint}\n`posekit zoo list` shows them all")
    return entry


def get_model_aliases(scope: str = "mmpose") -> dict[str, str]:
    """Return the names of the released models of poses by their aliases.

    Args:
        scope: accepted for the sake of callers.

    >>> get_model_aliases()["human"]
    'rtmpose-m_8xb256-420e_body8-256x192'
    """
    return {alias: entry.name for entry in model_entries() if entry.kind == "pose" for alias in entry.aliases}
