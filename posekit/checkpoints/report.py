"""What became of each weight when a checkpoint was loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

SHOWN = 10
MAX_NAME = 100


@dataclass
class LoadReport:
    """What became of each key.

    Attributes:
        loaded, missing, unexpected, wrong_shape: keys, the last with both shapes.
        carried: keypoints whose rows were taken over by their names, where the keypoint sets differ.
        fresh: keypoints of the model that the checkpoint does not know; their rows start anew.
        left_out: keys of parts that only training needs, which this model lacks.
    """

    source: str = ""
    loaded: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    wrong_shape: list[str] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return not (self.missing or self.unexpected or self.wrong_shape)

    def __str__(self) -> str:
        groups = {
            "not in the checkpoint": self.missing,
            "not in the model": self.unexpected,
            "of another shape": self.wrong_shape,
        }
        counts = [f"{len(keys)} {name}" for name, keys in groups.items() if keys]
        lines = [f"{self.source or 'weights'}: {', '.join([f'{len(self.loaded)} loaded', *counts])}"]
        keypoints = {"keypoints taken over by name": self.carried, "keypoints that start anew": self.fresh}
        told = {name: ", ".join(map(shown, names)) for name, names in keypoints.items() if names}
        if self.left_out:
            told["left out, needed in training alone"] = first_of(self.left_out)
        if told or counts:
            lines.append(f"  loaded: {first_of(self.loaded) or 'nothing'}")
        told |= {name: first_of(keys) for name, keys in groups.items() if keys}
        lines += [f"  {name}: {names}" for name, names in told.items()]
        return "\n".join(lines)


def first_of(names: Sequence[object]) -> str:
    """Return the first ten names, fit for a terminal whatever a file has put into them."""
    more = f" ... {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(shown, names[:SHOWN])) + more


def shown(name: object) -> str:
    """Return a name without control characters and of moderate length."""
    text = str(name)[: MAX_NAME + 1]
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= MAX_NAME else f"{text[:MAX_NAME]}..."
