"""Weights and meta information in what a checkpoint file holds. Nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from posekit.checkpoints.report import first_of
from posekit.checkpoints.torch_file import CheckpointError

T = TypeVar("T")
MAIN = ("state_dict", "model", "model_state_dict")
AVERAGES = ("ema_state_dict", "state_dict_ema", "model_ema")
COUNTERS = ("steps", "n_averaged")
"""Tensors beside averaged weights that count how many went in."""
WRAPPERS = ("module.", "_orig_mod.", "model.")


@dataclass(frozen=True)
class Checkpoint(Generic[T]):
    """What a model needs of a checkpoint.

    Attributes:
        state: weights by key, without the prefixes of training wrappers.
        meta: whatever is known about them, such as ``dataset_meta``.
        source: origin of the weights.
    """

    state: dict[str, T]
    meta: dict[str, Any]
    source: str


def checkpoint_of(content: Any, name: str, tensor_type: type[T], *, ema: bool | None = None) -> Checkpoint[T]:
    """Find weights and meta information in what a file holds.

    Args:
        content: what ``read_file`` returned.
        name: name of the file, for messages.
        tensor_type: class of the tensors in ``content``.
        ema: which weights, as for ``open_checkpoint``.

    Raises:
        CheckpointError: if there are no such weights.
    """
    state = _weights(content, tensor_type, ema)
    if not state:
        kind = {True: "EMA ", False: "unaveraged ", None: ""}[ema]
        raise CheckpointError(f"{name}: holds no {kind}weights; {_contents(content)}")
    meta = content.get("meta")
    return Checkpoint(unwrap(state), dict(meta) if isinstance(meta, Mapping) else {}, name)


def _weights(content: Any, tensor_type: type[T], ema: bool | None) -> dict[str, T]:
    """Find the weights: under their usual names, or the content itself."""
    if not isinstance(content, Mapping):
        return {}
    main = next((content[name] for name in MAIN if isinstance(content.get(name), Mapping)), content)
    averages = next((content[name] for name in AVERAGES if isinstance(content.get(name), Mapping)), {})
    trained = main
    if "steps" in averages:  # MMEngine and posekit swap the two, so that the main weights are the averages
        trained = {**main, **{str(key).removeprefix("module."): value for key, value in averages.items()}}
        averages = main
    chosen = {None: main, True: averages, False: trained}[ema]
    return {
        key: value
        for key, value in chosen.items()
        if isinstance(key, str) and isinstance(value, tensor_type) and key not in COUNTERS
    }


def _contents(content: Any) -> str:
    if isinstance(content, Mapping):
        return f"it has the entries {first_of(list(content)) or 'none'}"
    return f"it is a {type(content).__name__}, not a dict"


def unwrap(state: Mapping[str, T]) -> dict[str, T]:
    """Drop the prefixes that data parallel training, compilation and training tasks put before every key."""
    state = dict(state)
    while state:
        wrapper = next((prefix for prefix in WRAPPERS if all(key.startswith(prefix) for key in state)), None)
        if wrapper is None:
            break
        state = {key[len(wrapper) :]: value for key, value in state.items()}
    return state


def keypoint_names(meta: Any) -> list[str]:
    """Return the names of a keypoint set, as ``dataset_meta`` lists them; none if it does not, or not properly."""
    names = meta.get("keypoint_id2name") if isinstance(meta, Mapping) else None
    if not isinstance(names, Mapping):
        return []
    by_id = {str(index): name for index, name in names.items()}  # JSON makes texts of the ids
    ordered = [by_id.get(str(index)) for index in range(len(by_id))]
    valid = all(isinstance(name, str) for name in ordered) and len(set(ordered)) == len(ordered)
    return [str(name) for name in ordered] if valid else []
