"""Check that a config's model decodes what its data encodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from posekit.registry import CODECS, comparable, settings_key, strip_scope

IGNORED = ("type", "_scope_", "mode")
"""``mode`` tells a codec which of its sides is used (MotionBERTLabel): it differs on purpose."""

DECODERS = ("decoder", "data_decoder")
"""What heads call the codec; where ``decoder`` is part of a network, it has no type."""


class NamedCodec(NamedTuple):
    """A codec's settings and where the config names them."""

    path: str
    line: str
    settings: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.path} ({self.line})" if self.line else self.path

    @property
    def kind(self) -> str:
        return strip_scope(str(self.settings["type"]))

    @property
    def key(self) -> Any:
        """Return what is equal for equal codecs, defaults included; None for one that is not known."""
        if self.kind not in CODECS:
            return None
        arguments = {name: value for name, value in self.settings.items() if name not in IGNORED}
        return settings_key(CODECS.get(self.kind), arguments)


def check_codecs(config: Mapping[str, Any]) -> list[str]:
    """Return a line for each decoder of the model that no encoder of the data it decodes agrees with.

    That data is for validation and testing; where its pipelines encode nothing, as most do, the encoders are those
    of training. Codecs agree when they are of one class with equal settings, defaults included. A model may decode
    only some of what several encoders make. A config without encoders or decoders has no problem, and unknown names
    are the registry's to report.
    """
    encoders = _encoders(config, "val_dataloader", "test_dataloader") or _encoders(config, "train_dataloader")
    known = {encoder.key for encoder in encoders}
    if not encoders or None in known:
        return []
    decoders = [decoder for name in DECODERS for decoder in _find(config.get("model"), name, "model")]
    return [
        f"{decoder}: {_difference(decoder, encoders)}; give both the same codec, best as one variable"
        for decoder in decoders
        if decoder.key is not None and decoder.key not in known
    ]


def _encoders(config: Mapping[str, Any], *loaders: str) -> list[NamedCodec]:
    """Return the codecs of all pipelines of some loaders."""
    return [codec for name in loaders for codec in _find(config.get(name), "encoder", name, inside="GenerateTarget")]


def _find(value: Any, name: str, path: str, *, inside: str = "") -> Iterator[NamedCodec]:
    """Yield the codecs under the key ``name`` anywhere in a tree, only in dicts of type ``inside`` if it is set."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value)
        is_holder = not inside or strip_scope(str(items.get("type"))) == inside
        for key, item in items.items():
            if key == name and is_holder:
                yield from _codecs(item, f"{path}.{key}", _line(items, key))
            else:
                yield from _find(item, name, f"{path}.{key}", inside=inside)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _find(item, name, f"{path}.{index}", inside=inside)


def _codecs(value: Any, path: str, line: str) -> Iterator[NamedCodec]:
    if isinstance(value, Mapping) and "type" in value:
        yield NamedCodec(path, line, cast("Mapping[str, Any]", value))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _codecs(item, f"{path}.{index}", line)


def _line(config: Mapping[str, Any], key: str) -> str:
    place = getattr(type(config), "place", None)
    return place(config, key)[1] if place else ""


def _difference(decoder: NamedCodec, encoders: list[NamedCodec]) -> str:
    """Name the closest encoder and what the two disagree about."""
    same = [(_unequal(encoder, decoder), encoder) for encoder in encoders if encoder.kind == decoder.kind]
    if not same:
        return f"decodes {decoder.kind}, but the data is encoded with " + ", ".join(
            f"{item.kind} at {item}" for item in encoders
        )
    names, closest = min(same, key=lambda pair: len(pair[0]))
    pairs = (
        f"{name} is {decoder.settings.get(name, 'the default')} here and "
        f"{closest.settings.get(name, 'the default')} there"
        for name in names
    )
    return f"differs from the encoder at {closest}: {', '.join(pairs)}"


def _unequal(codec: NamedCodec, other: NamedCodec) -> list[str]:
    names = sorted({*codec.settings, *other.settings} - set(IGNORED))
    return [name for name in names if comparable(codec.settings.get(name)) != comparable(other.settings.get(name))]
