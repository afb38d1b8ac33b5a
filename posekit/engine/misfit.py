"""Saying which parts of a model do not fit each other, or the data."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

PARTS = ("backbone", "neck", "head")


class MisfitError(ValueError):
    """Parts whose shapes do not go together."""


@contextlib.contextmanager
def explained(model: Any, inputs: Any, samples: Any) -> Iterator[None]:
    """Turn an error of shapes, raised while a batch goes through ``model``, into one that names the parts.

    Raises:
        MisfitError: if a part does not take what the one before gives, or the outputs do not fit the targets.
    """
    try:
        yield
    except (RuntimeError, IndexError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        problem = misfit(model, inputs, samples)
        if problem is None:
            raise
        raise MisfitError(f"{problem} ({str(error).splitlines()[0]})") from error


def misfit(model: Any, inputs: Any, samples: Any) -> str | None:
    """Return what does not fit, or None where every part takes the one before gives."""
    source, features = "the pipeline", inputs
    with torch.no_grad():
        for name in PARTS:
            part = getattr(model, name, None)
            if part is None:
                continue
            try:
                result = part(features)
            except (RuntimeError, IndexError):
                return (
                    f"model.{name} ({type(part).__name__}) does not take what {source} gives, {shapes(features)}; "
                    f"make the channels and sizes that model.{name} expects equal to these"
                )
            source, features = f"model.{name} ({type(part).__name__})", result
    targets = model.head.targets(samples) if hasattr(model.head, "targets") else []
    if not targets or set(shapes_in(features)) <= set(shapes_in(targets)):
        return None
    return (
        f"{source} gives {shapes(features)} where the targets are {shapes(targets)}; make its number of keypoints that "
        "of the data's keypoint set, and its codec that of GenerateTarget"
    )


def shapes(values: Any) -> str:
    """Return the shapes of nested tensors as text."""
    return " and ".join(str(shape) for shape in shapes_in(values)) or "no tensor"


def shapes_in(values: Any) -> Iterator[tuple[int, ...]]:
    """Yield the shapes of nested tensors."""
    if isinstance(values, Tensor):
        yield tuple(values.shape)
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from shapes_in(value)
