"""The configs that posekit brings, with what a person chooses by: task, dataset, input size, parameters and scores.

``configs.json`` beside this file holds it; ``python tools/write_config_index.py`` writes that from the configs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

INDEX = Path(__file__).with_name("configs.json")
DETECTION = "detection"


class ConfigEntry(NamedTuple):
    """One config.

    Attributes:
        path: the file below the folder of configs.
        task: such as ``body 2d``, or ``detection`` of those that find boxes.
        algorithm: such as ``topdown_heatmap`` or ``rtmpose``.
        backbone: the class that extracts the features.
        dataset: the part of ``_base_/data`` that it trains on; of detectors, the folder of the data.
        input_size_wh: width and height of the network's input in pixels, None where it takes no image of one size.
        parameters: number of the model's parameters; of the student, where one model teaches another.
        scores: published results, as ``{"COCO AP": 0.758}``.
    """

    path: str
    task: str
    algorithm: str
    backbone: str
    dataset: str
    input_size_wh: tuple[int, int] | None
    parameters: int
    scores: dict[str, float]

    @property
    def name(self) -> str:
        return Path(self.path).stem

    @property
    def is_detector(self) -> bool:
        return self.task == DETECTION

    @property
    def shown_input(self) -> str:
        """Height x width, as the names of configs have it."""
        return f"{self.input_size_wh[1]}x{self.input_size_wh[0]}" if self.input_size_wh else "-"

    @property
    def shown_parameters(self) -> str:
        return f"{self.parameters / 1e6:.1f} M"

    @property
    def shown_scores(self) -> str:
        return shown_scores(self.scores)

    @property
    def searched(self) -> str:
        """What the words of a search are looked for in."""
        columns = (self.path, self.task, self.backbone, self.dataset, self.shown_input, self.shown_scores)
        return " ".join(columns)


def shown_scores(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{what} {score:g}" for what, score in scores.items()) or "-"


def config_entries(path: Path = INDEX) -> list[ConfigEntry]:
    """Return the configs that posekit brings, by their paths."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [
        ConfigEntry(**{**row, "input_size_wh": row["input_size_wh"] and tuple(row["input_size_wh"])}) for row in rows
    ]


class Searchable(Protocol):
    @property
    def searched(self) -> str: ...


Entry = TypeVar("Entry", bound=Searchable)


def matching(entries: Iterable[Entry], words: Sequence[str]) -> list[Entry]:
    """Return the entries that have each of the words, in any letter case, in what is ``searched``."""
    return [entry for entry in entries if all(word.lower() in entry.searched.lower() for word in words)]
