"""All that prediction needs to know beside a network: crop, codec, flip test and keypoints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

METADATA_KEY = "posekit"
"""Under this name an ONNX file's metadata holds the JSON text."""

FORMAT = 1


@dataclass(frozen=True)
class Recipe:
    """A top-down model's crop rule, codec and keypoints, as its config or its exported file tells them.

    Attributes:
        codec: configuration of the decoder; empty where the network decodes by itself.
        input_size: (w, h) of the network's input.
        padding: how much larger than its box the crop is.
        use_udp: whether crops follow the unbiased rule.
        flip_test: whether outputs are averaged with those of the mirrored crop by default.
        flip_options: the codec's settings for that.
        border_value: grey level, or B, G, R, of the crop's pixels outside of the image.
        kept_keypoints: indices of the keypoints that predictions keep, in this order; empty for all.
        dataset_name: name of the keypoint set; the remaining attributes describe it.
        names: of the network's keypoints, before any are left out.
        flip_indices: the keypoint that each one becomes in a mirrored image.
        links: pairs of keypoints that a drawing connects.
        colors: (R, G, B) of each keypoint; ``link_colors`` likewise.
        sigmas: label noise of each keypoint; empty if unknown.
        card: what the model was trained on and reaches, for people.
    """

    codec: dict[str, Any]
    input_size: tuple[int, int]
    padding: float
    use_udp: bool
    names: tuple[str, ...]
    flip_indices: tuple[int, ...]
    dataset_name: str = ""
    flip_test: bool = False
    flip_options: dict[str, Any] = field(default_factory=dict)
    border_value: float | tuple[float, ...] = 0
    kept_keypoints: tuple[int, ...] = ()
    links: tuple[tuple[int, int], ...] = ()
    colors: tuple[tuple[int, int, int], ...] = ()
    link_colors: tuple[tuple[int, int, int], ...] = ()
    sigmas: tuple[float, ...] = ()
    card: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str, *, source: str) -> Recipe:
        """Read what ``to_json`` wrote.

        Raises:
            ValueError: naming ``source`` and what is wrong.
        """
        try:
            content = json.loads(text)
        except ValueError as error:
            raise ValueError(f"{source}: its posekit metadata is not readable as JSON ({error})") from error
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            raise ValueError(
                f"{source}: its posekit metadata is not of format {FORMAT}; export it again with this version"
            )
        known = {entry.name for entry in fields(cls)}
        missing = {"codec", "input_size", "padding", "use_udp", "names", "flip_indices"} - set(content)
        unknown = set(content) - known
        if missing or unknown:
            wrong = [*(f"no '{name}'" for name in sorted(missing)), *(f"unknown '{name}'" for name in sorted(unknown))]
            raise ValueError(f"{source}: its posekit metadata has {', '.join(wrong)}; export it again")
        info = cls(**{name: frozen(value) for name, value in content.items()})
        info.check(source)
        return info

    def check(self, source: str) -> None:
        """Raise ValueError, naming ``source``, unless the parts fit together."""
        count = len(self.names)
        if sorted(self.flip_indices) != list(range(count)):
            raise ValueError(f"{source}: flip_indices {list(self.flip_indices)} do not reorder the {count} keypoints")
        if any(not 0 <= end < count for link in self.links for end in link):
            raise ValueError(f"{source}: links name keypoints beyond the {count} that there are")
        if any(not 0 <= index < count for index in self.kept_keypoints):
            raise ValueError(f"{source}: kept_keypoints {list(self.kept_keypoints)} name more than {count} keypoints")
        if len(self.input_size) != 2 or min(self.input_size) < 1 or self.padding <= 0:
            raise ValueError(f"{source}: input_size {self.input_size} and padding {self.padding} must be above 0")

    def to_json(self) -> str:
        """Return everything as one line of JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)})

    def metainfo(self) -> dict[str, Any]:
        """Return the set of the predicted keypoints as the dictionary that drawing reads."""
        whole = dict(
            dataset_name=self.dataset_name,
            num_keypoints=len(self.names),
            keypoint_id2name=dict(enumerate(self.names)),
            keypoint_name2id={name: i for i, name in enumerate(self.names)},
            flip_indices=list(self.flip_indices),
            skeleton_links=[list(link) for link in self.links],
            keypoint_colors=[list(color) for color in self.colors],
            skeleton_link_colors=[list(color) for color in self.link_colors],
            sigmas=list(self.sigmas),
        )
        return selected_keypoints(whole, self.kept_keypoints)


def selected_keypoints(metainfo: Mapping[str, Any], index: Sequence[int] | None) -> dict[str, Any]:
    """Return the keypoint set of predictions that keep only some keypoints of ``metainfo``; all without an index."""
    whole = dict(metainfo)
    if not index:
        return whole
    place = {int(old): new for new, old in enumerate(index)}
    kept_links = [i for i, (a, b) in enumerate(whole.get("skeleton_links", ())) if a in place and b in place]
    names = [whole["keypoint_id2name"][int(old)] for old in index]
    part: dict[str, Any] = dict(
        dataset_name=whole.get("dataset_name", ""),
        num_keypoints=len(names),
        keypoint_id2name=dict(enumerate(names)),
        keypoint_name2id={name: i for i, name in enumerate(names)},
        flip_indices=[place.get(int(whole["flip_indices"][int(old)]), new) for new, old in enumerate(index)],
        skeleton_links=[[place[int(end)] for end in whole["skeleton_links"][i]] for i in kept_links],
    )
    for key, rows in (("keypoint_colors", index), ("sigmas", index), ("skeleton_link_colors", kept_links)):
        values = whole.get(key, ())
        part[key] = [values[int(i)] for i in rows] if len(values) else []
    return part


def frozen(value: Any) -> Any:
    """Turn lists into tuples, all the way down but for dictionaries."""
    return tuple(frozen(item) for item in value) if isinstance(value, list) else value


def keypoint_set(metainfo: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a ``Recipe`` that a dataset's metainfo determines."""
    names = metainfo["keypoint_id2name"]
    return dict(
        dataset_name=metainfo.get("dataset_name", ""),
        names=tuple(names[i] for i in range(len(names))),
        flip_indices=tuple(map(int, metainfo["flip_indices"])),
        links=tuple((int(a), int(b)) for a, b in metainfo.get("skeleton_links", ())),
        colors=colors_of(metainfo, "keypoint_colors"),
        link_colors=colors_of(metainfo, "skeleton_link_colors"),
        sigmas=tuple(map(float, metainfo.get("sigmas", ()))),
    )


def colors_of(metainfo: Mapping[str, Any], key: str) -> tuple[tuple[int, int, int], ...]:
    return tuple((int(b), int(g), int(r)) for b, g, r in metainfo.get(key, ()))
