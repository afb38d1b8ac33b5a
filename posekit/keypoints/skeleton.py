"""Keypoint sets: what the points of a pose are called and how they belong together."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from posekit.console import suggestion

logger = logging.getLogger(__name__)

DEFAULT_KEYPOINT_COLOR = (255, 128, 0)
DEFAULT_LINK_COLOR = (96, 96, 255)
REQUIRED = ("dataset_name", "keypoint_info")
MAX_KEYPOINTS = 10_000
"""Keypoints of a set; the largest sets in use, meshes of whole bodies, have about as many."""


@dataclass(frozen=True)
class Skeleton:
    """A validated keypoint set; ``from_info`` and ``load`` make one from a ``dataset_info``.

    Attributes:
        flip_indices: the keypoint that each one becomes in a mirrored image; itself without a partner.
        types: ``"upper"``, ``"lower"`` or ``""`` for each keypoint.
        links: pairs of keypoint ids to draw a line between.
        weights: weights of each keypoint in the losses.
        sigmas: sigmas of each keypoint's label noise, relative to the object's scale (COCO's OKS); empty if unknown.
        colors: (R, G, B) of each keypoint; ``link_colors`` likewise.

    Example:
        >>> skeleton = Skeleton.load("coco")
        >>> skeleton.num_keypoints, skeleton.names[1], skeleton.names[skeleton.flip_indices[1]]
        (17, 'left_eye', 'right_eye')
    """

    dataset_name: str
    names: tuple[str, ...]
    flip_indices: tuple[int, ...]
    types: tuple[str, ...]
    links: tuple[tuple[int, int], ...]
    weights: tuple[float, ...]
    sigmas: tuple[float, ...]
    colors: tuple[tuple[int, int, int], ...]
    link_colors: tuple[tuple[int, int, int], ...]
    paper_info: Mapping[str, str] | list[Mapping[str, str]] = field(default_factory=dict)
    stats_info: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_info(cls, info: Mapping[str, Any], *, source: str = "dataset_info") -> Skeleton:
        """Build from a ``dataset_info`` dict.

        Raises:
            ValueError: naming every problem of ``info`` at once; ``source`` says where it came from.
        """
        problems = list(_problems(info))
        if problems:
            count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
            raise ValueError("\n".join([f"{count} in the keypoint set {source}:", *(f"  {line}" for line in problems)]))
        points = [info["keypoint_info"][key] for key in sorted(info["keypoint_info"], key=int)]
        names = tuple(point["name"] for point in points)
        ids = {name: index for index, name in enumerate(names)}
        links = [value for _, value in sorted((info.get("skeleton_info") or {}).items(), key=lambda item: int(item[0]))]
        return cls(
            dataset_name=info["dataset_name"],
            names=names,
            flip_indices=tuple(ids[point.get("swap") or point["name"]] for point in points),
            types=tuple(point.get("type", "") for point in points),
            links=tuple((ids[link["link"][0]], ids[link["link"][1]]) for link in links),
            weights=tuple(map(float, info.get("joint_weights") or [1.0] * len(names))),
            sigmas=tuple(map(float, info.get("sigmas") or ())),
            colors=tuple(tuple(point.get("color", DEFAULT_KEYPOINT_COLOR)) for point in points),
            link_colors=tuple(tuple(link.get("color", DEFAULT_LINK_COLOR)) for link in links),
            paper_info=info.get("paper_info") or {},
            stats_info=dict(info.get("stats_info") or {}),
        )

    @classmethod
    def load(cls, name_or_path: str | Path) -> Skeleton:
        """Read a keypoint set by name (``"coco"``) or from a python config file.

        A path is tried as given, from the working directory, then among the packaged configs.

        Raises:
            FileNotFoundError: if there is no such set or file.
            ValueError: if the file is no valid keypoint set.
        """
        path = find_keypoint_set(name_or_path).resolve()
        return _load(path, path.stat().st_mtime_ns)

    @property
    def num_keypoints(self) -> int:
        return len(self.names)

    @property
    def ids(self) -> dict[str, int]:
        """Keypoint ids by name."""
        return {name: index for index, name in enumerate(self.names)}

    @property
    def flip_pairs(self) -> list[list[int]]:
        return [[i, j] for i, j in enumerate(self.flip_indices) if i < j]

    @property
    def oks_sigmas(self) -> np.ndarray:
        """The sigmas (K,) for an OKS.

        Raises:
            ValueError: if the set has none.
        """
        if not self.sigmas:
            raise ValueError(
                f"keypoint set '{self.dataset_name}' has no sigmas, so it has no OKS; give sigmas (one per keypoint) "
                "in its dataset_info, or evaluate with PCKAccuracy, NME, AUC or EPE"
            )
        return np.array(self.sigmas, np.float32)

    def metainfo(self) -> dict[str, Any]:
        """Return the set as the dictionary that transforms, metrics and drawing read."""
        meta: dict[str, Any] = dict(
            dataset_name=self.dataset_name,
            num_keypoints=self.num_keypoints,
            keypoint_id2name=dict(enumerate(self.names)),
            keypoint_name2id=self.ids,
            upper_body_ids=[i for i, part in enumerate(self.types) if part == "upper"],
            lower_body_ids=[i for i, part in enumerate(self.types) if part == "lower"],
            flip_indices=list(self.flip_indices),
            flip_pairs=self.flip_pairs,
            keypoint_colors=np.array(self.colors, np.uint8).reshape(-1, 3),
            num_skeleton_links=len(self.links),
            skeleton_links=[list(link) for link in self.links],
            skeleton_link_colors=np.array(self.link_colors, np.uint8).reshape(-1, 3),
            dataset_keypoint_weights=np.array(self.weights, np.float32),
            sigmas=np.array(self.sigmas, np.float32),
        )
        if self.stats_info:
            meta["stats_info"] = {key: np.array(value, np.float32) for key, value in self.stats_info.items()}
        return meta


@lru_cache(maxsize=256)
def _load(path: Path, changed_ns: int) -> Skeleton:
    """Read a file once for as long as it stays the same."""
    return Skeleton.from_info(_read_info(path), source=str(path))


def _read_info(path: Path) -> dict[str, Any]:
    """Return a file's ``dataset_info``, corrected as the packaged set of its name is."""
    from posekit.config import load

    info = load(path).get("dataset_info")
    if not isinstance(info, dict):
        raise ValueError(f"{path}: no keypoint set; the file must set dataset_info = dict(...)")
    packaged = _packaged_sets() / path.name
    problems = list(_problems(info)) if packaged.is_file() and packaged.resolve() != path.resolve() else []
    if not problems:
        return info
    corrected = _corrected(info, load(packaged)["dataset_info"])
    if list(_problems(corrected)):
        return info
    first = problems[0].partition(";")[0] + (f" and {len(problems) - 1} more" if len(problems) > 1 else "")
    logger.warning("%s: %s; corrected as in posekit's own %s", path, first, path.name)
    return corrected


def _corrected(info: dict[str, Any], packaged: Mapping[str, Any]) -> dict[str, Any]:
    """Return a set with its defective ids, swaps and weights replaced by those of the packaged set of the same points.

    Published files carry a few such defects, which their packaged copies correct.
    """
    points, known = info.get("keypoint_info"), packaged["keypoint_info"]
    if not isinstance(points, Mapping) or not all(isinstance(point, Mapping) for point in points.values()):
        return info
    if [(key, point.get("name")) for key, point in points.items()] != [(k, p["name"]) for k, p in known.items()]:
        return info
    swaps = {point["name"]: point.get("swap") or point["name"] for point in points.values()}
    one_sided = {end for name, swap in swaps.items() if swaps.get(swap) != name for end in (name, swap)}
    corrected = {}
    for key, point in points.items():
        swap = known[key]["swap"] if point["name"] in one_sided else point.get("swap")
        corrected[key] = {**point, "id": key, "swap": swap}
    weights = info.get("joint_weights")
    fits = not weights or len(weights) == len(points)
    return {**info, "keypoint_info": corrected, "joint_weights": weights if fits else packaged["joint_weights"]}


def load_metainfo(metainfo: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parsed keypoint set of a ``metainfo``.

    Args:
        metainfo: a ``dataset_info``; or ``from_file``, a set's name or file, and what to change in it.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no keypoint set.
    """
    info = {key: value for key, value in metainfo.items() if key != "from_file"}
    source = f"metainfo '{info.get('dataset_name', '')}'"
    if "from_file" in metainfo:
        file = metainfo["from_file"]
        if not isinstance(file, (str, Path)):
            raise ValueError(f"metainfo.from_file: must be a keypoint set's name or file, found {file!r:.60}")
        if not info:
            return Skeleton.load(file).metainfo()
        path = find_keypoint_set(file)
        info, source = {**_read_info(path), **info}, f"{path}, as metainfo changes it"
    return Skeleton.from_info(info, source=source).metainfo()


def find_keypoint_set(name_or_path: str | Path) -> Path:
    """Return the config file of a keypoint set, by name or path, from any working directory.

    Raises:
        FileNotFoundError: if nothing matches; the message suggests near names.
    """
    from posekit.config import find_config

    path = Path(name_or_path)
    folder = _packaged_sets()
    plain = path.name if path.suffix == ".py" else f"{path.name}.py"
    for candidate in (path, find_config(path), folder / plain):
        if candidate.is_file():
            return candidate
    known = sorted(path.stem for path in folder.glob("*.py"))
    hint = suggestion(Path(plain).stem, known, otherwise="packaged sets:", most_listed=len(known))
    raise FileNotFoundError(
        f"keypoint set '{name_or_path}': no such file, seen from {Path.cwd()} or among the packaged configs; {hint}"
    )


def _packaged_sets() -> Path:
    from posekit.config import packaged_configs

    return packaged_configs() / "_base_" / "datasets"


def _problems(info: Mapping[str, Any]) -> Iterable[str]:
    """Yield everything that is wrong with a ``dataset_info``."""
    missing = [key for key in REQUIRED if not info.get(key)]
    if missing:
        yield f"{' and '.join(missing)}: missing"
    keypoints = info.get("keypoint_info") or {}
    if not isinstance(keypoints, Mapping) or not all(
        isinstance(point, Mapping) and isinstance(point.get("name"), str) for point in keypoints.values()
    ):
        yield "keypoint_info: must be a dict from ids to dict(name=..., swap=..., ...)"
        return
    if len(keypoints) > MAX_KEYPOINTS:
        yield f"keypoint_info: {len(keypoints):,} keypoints; at most {MAX_KEYPOINTS:,} can be used"
        return
    yield from _keypoint_problems(keypoints)
    yield from _link_problems(
        info.get("skeleton_info") or {}, dict.fromkeys(point["name"] for point in keypoints.values())
    )
    for key in ("joint_weights", "sigmas"):
        values = info.get(key)
        if values and len(values) != len(keypoints):
            yield f"{key}: {len(values)} values for {len(keypoints)} keypoints; give one for each"
        elif values and not all(isinstance(v, (int, float)) and v >= 0 for v in values):
            yield f"{key}: must be numbers >= 0"


def _keypoint_problems(keypoints: Mapping[Any, Mapping[str, Any]]) -> Iterable[str]:
    numbers = [int(key) if str(key).isdigit() else key for key in keypoints]
    if sorted(numbers, key=str) != sorted(range(len(numbers)), key=str):
        yield f"keypoint_info: ids must be 0 to {len(numbers) - 1}, found {numbers}"
    repeated = [name for name, count in Counter(p["name"] for p in keypoints.values()).items() if count > 1]
    if repeated:
        yield f"keypoint_info: names must be unique, repeated: {', '.join(repeated)}"
    swaps = {point["name"]: point.get("swap") or point["name"] for point in keypoints.values()}
    for key, point in keypoints.items():
        name, swap = point["name"], swaps[point["name"]]
        if str(point.get("id", key)) != str(key):
            yield f"keypoint_info[{key}] '{name}': id {point['id']} differs from its key; make them equal"
        if swap not in swaps:
            yield f"keypoint_info[{key}] '{name}': swaps with '{swap}', which is no keypoint of the set"
        elif swaps[swap] != name:
            yield (
                f"keypoint_info[{key}] '{name}': swaps with '{swap}', but '{swap}' swaps with '{swaps[swap]}'; "
                "a mirrored pair must name each other"
            )
        if point.get("type", "") not in ("upper", "lower", ""):
            yield f"keypoint_info[{key}] '{name}': type '{point['type']}' must be 'upper', 'lower' or ''"
        yield from _color_problems(f"keypoint_info[{key}] '{name}'", point)


def _link_problems(links: Mapping[Any, Any], names: Collection[str]) -> Iterable[str]:
    if not isinstance(links, Mapping) or not all(isinstance(link, Mapping) for link in links.values()):
        yield "skeleton_info: must be a dict from ids to dict(link=(name, name), color=[...])"
        return
    if not all(str(key).isdecimal() for key in links):
        yield f"skeleton_info: ids must be whole numbers, found {list(links)}"
    for key, link in links.items():
        ends = link.get("link", ())
        if not isinstance(ends, (list, tuple)) or len(ends) != 2:
            yield f"skeleton_info[{key}]: link must be two keypoint names, found {ends!r}"
            continue
        for end in ends:
            if end not in names:
                hint = f"; {suggestion(end, names)}"
                yield f"skeleton_info[{key}]: '{end}' is no keypoint of the set{hint}"
        yield from _color_problems(f"skeleton_info[{key}]", link)


def _color_problems(where: str, item: Mapping[str, Any]) -> Iterable[str]:
    color = item.get("color", DEFAULT_KEYPOINT_COLOR)
    three = isinstance(color, (list, tuple)) and len(color) == 3
    if not (three and all(isinstance(value, int) and 0 <= value <= 255 for value in color)):
        yield f"{where}: color must be three whole numbers from 0 to 255, found {color!r}"
