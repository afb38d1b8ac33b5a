"""All that prediction needs to know beside a network: crop, codec, flip test and keypoints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Self

from posekit.inference.schema import Between, largest_number, read_record

METADATA_KEY = "posekit"
"""Under this name a model file's metadata holds the JSON text of a top-down model."""
ONE_STAGE_KEY = "posekit_one_stage"
DETECTOR_KEY = "posekit_detector"
LIFTER_KEY = "posekit_lifter"

FORMAT = 1

Side = Annotated[int, Between(1, 4096)]
"""Width or height of a network's input, in pixels."""
Level = Annotated[float, Between(0, 255)]
"""Grey level of a pixel."""
Share = Annotated[float, Between(0, 1)]
Byte = Annotated[int, Between(0, 255)]
Index = Annotated[int, Between(0, 9_999)]

MAX_CODEC_NUMBER = 4096
"""No size, ratio or width in the settings of a codec is larger: memory is reserved for them."""


@dataclass(frozen=True, kw_only=True)
class ModelRecipe:
    """What a model file says about itself, kept in it as JSON."""

    @classmethod
    def from_json(cls, text: str, *, source: str) -> Self:
        """Read what ``to_json`` wrote.

        Raises:
            ValueError: naming ``source`` and what is wrong.
        """
        recipe = read_record(cls, text, form=FORMAT, source=source)
        recipe.check(source)
        return recipe

    def to_json(self) -> str:
        """Return everything as one line of JSON."""
        return json.dumps({"format": FORMAT, **asdict(self)})

    def check(self, source: str) -> None:
        """Raise ValueError, naming ``source``, unless the parts fit together."""


@dataclass(frozen=True, kw_only=True)
class Pixels(ModelRecipe):
    """What a network wants of its input's pixels; by default B, G, R, 0 ... 255, as they are read.

    Attributes:
        mean: what is subtracted from each channel, in the network's order; empty for nothing.
        std: what each channel is divided by after that; empty for nothing.
        to_rgb: whether the network wants R, G, B.
    """

    mean: tuple[Annotated[float, Between(-1e4, 1e4)], ...] = ()
    std: tuple[Annotated[float, Between(1e-6, 1e6)], ...] = ()
    to_rgb: bool = False

    def check(self, source: str) -> None:
        """Raise ValueError, naming ``source``, unless mean and std are of three channels or of none."""
        super().check(source)
        if len(self.mean) != len(self.std) or len(self.mean) not in (0, 3):
            raise ValueError(f"{source}: mean {list(self.mean)} and std {list(self.std)}; both need 3 numbers, or none")


@dataclass(frozen=True, kw_only=True)
class Keypoints(ModelRecipe):
    """The keypoint set of a model.

    Attributes:
        names: names of the network's keypoints, before any are left out.
        flip_indices: the keypoint that each one becomes in a mirrored image.
        dataset_name: name of the keypoint set.
        kept_keypoints: indices of the keypoints that predictions keep, in this order; empty for all.
        links: pairs of keypoints that a drawing connects.
        colors: (R, G, B) of each keypoint; ``link_colors`` likewise.
        sigmas: label noise of each keypoint; empty if unknown.
        card: what the model was trained on and reaches, for people.
    """

    names: tuple[str, ...]
    flip_indices: tuple[Index, ...]
    dataset_name: str = ""
    kept_keypoints: tuple[Index, ...] = ()
    links: tuple[tuple[Index, Index], ...] = ()
    colors: tuple[tuple[Byte, Byte, Byte], ...] = ()
    link_colors: tuple[tuple[Byte, Byte, Byte], ...] = ()
    sigmas: tuple[Annotated[float, Between(0, 1e3)], ...] = ()
    card: dict[str, Any] = field(default_factory=dict)

    def check(self, source: str) -> None:
        """Raise ValueError, naming ``source``, unless the parts fit together."""
        super().check(source)
        count = len(self.names)
        if not count or len(set(self.names)) < count or not all(self.names):
            raise ValueError(
                f"{source}: names {list(self.names)[:9]} are not all different; each keypoint needs its own"
            )
        if sorted(self.flip_indices) != list(range(count)):
            raise ValueError(f"{source}: flip_indices {list(self.flip_indices)} do not reorder the {count} keypoints")
        if any(self.flip_indices[other] != index for index, other in enumerate(self.flip_indices)):
            raise ValueError(
                f"{source}: flip_indices {list(self.flip_indices)} mirrored twice are not the keypoints again"
            )
        if any(end >= count for link in self.links for end in link):
            raise ValueError(f"{source}: links name keypoints beyond the {count} that there are")
        if any(index >= count for index in self.kept_keypoints) or len(set(self.kept_keypoints)) < len(
            self.kept_keypoints
        ):
            raise ValueError(
                f"{source}: kept_keypoints {list(self.kept_keypoints)} are not different ones of {count} keypoints"
            )
        for name, owners in (("colors", count), ("sigmas", count), ("link_colors", len(self.links))):
            if len(getattr(self, name)) not in (0, owners):
                raise ValueError(f"{source}: {name} has {len(getattr(self, name))} entries; expected {owners}, or none")

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


@dataclass(frozen=True, kw_only=True)
class Recipe(Keypoints, Pixels):
    """A top-down model's crop rule, codec and keypoints, as its config or its exported file tells them.

    Attributes:
        codec: configuration of the decoder; empty where the network decodes by itself.
        input_size: (w, h) of the network's input.
        padding: factor by which the crop is larger than its box.
        use_udp: whether crops follow the unbiased rule.
        flip_test: whether outputs are averaged with those of the mirrored crop by default.
        flip_options: the codec's settings for that.
        border_value: grey level, or B, G, R, of the crop's pixels outside of the image.
    """

    codec: dict[str, Any]
    input_size: tuple[Side, Side]
    padding: Annotated[float, Between(0.01, 100)]
    use_udp: bool
    flip_test: bool = False
    flip_options: dict[str, Any] = field(default_factory=dict)
    border_value: Level | tuple[Level, Level, Level] = 0

    def check(self, source: str) -> None:
        """Raise ValueError, naming ``source``, unless the parts fit together."""
        super().check(source)
        check_codec(self.codec, source)
        size = self.codec.get("input_size", self.input_size)
        if not isinstance(size, (list, tuple)) or tuple(size[:2]) != self.input_size:  # a third number is the depth
            raise ValueError(f"{source}: codec.input_size {size} is not the input_size {list(self.input_size)}")


@dataclass(frozen=True, kw_only=True)
class OneStageRecipe(Keypoints, Pixels):
    """How images go into a network that finds everybody at once, and people come out.

    Its outputs are people's boxes with scores (B, N, 5) and keypoints with scores (B, N, K, 3), in input pixels.

    Attributes:
        input_size: (w, h) of the network's input, which shows the whole image.
        at_corner: whether it shows the image at its top left, not in its middle.
        border_value: grey level, or B, G, R, of the input beside the image.
        score_thr: lowest score of a person.
        iou_threshold: largest overlap of two people's boxes.
    """

    input_size: tuple[Side, Side]
    at_corner: bool = False
    border_value: Level | tuple[Level, Level, Level] = 114
    score_thr: Share = 0.1
    iou_threshold: Share = 0.65


def check_codec(codec: Mapping[str, Any], source: str) -> None:
    """Raise ValueError, naming ``source``, if a codec's settings have numbers that are too large."""
    if largest_number(codec) > MAX_CODEC_NUMBER:
        raise ValueError(f"{source}: codec {codec} has a number beyond {MAX_CODEC_NUMBER}, the largest allowed")


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
