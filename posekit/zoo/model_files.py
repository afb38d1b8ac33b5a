"""The files behind what a person calls a model: a released model's name, a config's name, or a path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from posekit.console import suggestion
from posekit.zoo.model_index import ModelEntry, UnknownModelError, entry_of, model_entries
from posekit.zoo.weights import weights_file

WEIGHTS = (".pth", ".pt", ".ckpt", ".safetensors")
EXPORTED = (".onnx", ".xml")
"""Files of ONNX and OpenVINO, which need no config."""

NEEDS_WEIGHTS = "a config needs weights; give checkpoint= (--checkpoint), or take a released model or an exported file"
USES = {
    "pose": "finds poses",
    "detector": "finds boxes, no poses: give it as the detector",
    "backbone": "is a start for training and finds nothing by itself",
}


class ModelFiles(NamedTuple):
    """What a model is opened from.

    Attributes:
        config: path or name of the config; None for an exported model, which needs none.
        weights: path or URL of the weights, or of the exported model; None for random ones.
    """

    config: str | None
    weights: str | None


def files_of(
    name: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    *,
    kind: str | None = "pose",
    offline: bool | None = None,
) -> ModelFiles:
    """Return the files of a model, with its released weights downloaded unless others are given.

    Args:
        name: a released model's name, alias or file; the name or path of a config; the path of an exported model.
        weights: path or URL of other weights for the config.
        kind: what the model is to be, as ``ModelEntry.kind``; None for anything.
        offline: use nothing but the cache; by default if $POSEKIT_OFFLINE is set.

    Raises:
        UnknownModelError: if there is neither such a file nor such a name; the message suggests names.
        DownloadError: if released weights can be had from nowhere; the message tells how to bring them by hand.
        ValueError: if the model is of another kind, or a config comes without weights and none are released.
    """
    text = os.fspath(name)
    entry = None if Path(text).exists() else released_model(text)
    if entry is None:
        return _own_files(text, None if weights is None else os.fspath(weights))
    if kind is not None and entry.kind != kind:
        raise ValueError(f"{text}: this released model {USES[entry.kind]}")
    if entry.is_onnx:
        if weights is not None:
            raise ValueError(f"checkpoint {weights}: belongs to a config, and {text} is an exported model")
        return ModelFiles(None, str(weights_file(entry, offline=offline)))
    config = str(entry.require_config())
    return ModelFiles(config, str(weights_file(entry, offline=offline)) if weights is None else os.fspath(weights))


def _own_files(text: str, weights: str | None) -> ModelFiles:
    """Return the files of a model that is none of the released ones."""
    path = Path(text)
    if path.suffix in EXPORTED:
        if weights is not None:
            raise ValueError(f"checkpoint {weights}: belongs to a config; give its name or path as well")
        return ModelFiles(None, text)
    if path.suffix in WEIGHTS:
        raise ValueError(f"{text}: these are weights; give the config that they belong to, and them as the checkpoint")
    require_known(text)
    if weights is None:
        raise ValueError(f"{text}: {NEEDS_WEIGHTS}")
    return ModelFiles(text, weights)


def released_model(name: str) -> ModelEntry | None:
    """Return the released model of that name, alias or file, or the one whose config has that name; None if none is."""
    entry = entry_of(name)
    if entry is None:
        stem = name.removesuffix(".py")
        trained = [each for each in model_entries() if Path(each.config).stem == stem and not each.is_onnx]
        entry = trained[0] if len(trained) == 1 else None
    return entry


def require_known(name: str) -> None:
    """Check that a plain name, without folder and ending, is that of a config.

    Raises:
        UnknownModelError: naming what resembles it, if it is neither a file, a config nor a released model.
    """
    from posekit.config import packaged_configs
    from posekit.config.names import configs_by_name, is_name, named_config

    if Path(name).exists() or Path(name).suffix or not is_name(name) or named_config(name, packaged_configs()):
        return
    known = [each for model in model_entries() for each in (*model.aliases, model.name)]
    hint = suggestion(name, [*known, *configs_by_name(packaged_configs())], otherwise="the nearest are", most_listed=6)
    raise UnknownModelError(
        f"{name}: no such file, and neither a released model nor a config is called that; {hint}\n"
        "`posekit zoo list` and `posekit config list` show them all"
    )
