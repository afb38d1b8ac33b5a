"""Model files of other projects: what they are, told by their inputs, outputs, shapes and names.

Known are what MMDeploy and the projects around it write: RTMPose and DWPose (``simcc_x``, ``simcc_y``), heatmaps such
as ViTPose's, RTMO (``dets``, ``keypoints``), RTMDet and YOLOX with NMS inside (``dets``, ``labels``) and without.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from posekit.console import suggestion
from posekit.inference.detection import DetectorRecipe
from posekit.inference.networks.graph import Graph, input_size, trial_outputs
from posekit.inference.recipe import OneStageRecipe, Pixels, Recipe, keypoint_set
from posekit.keypoints.skeleton import Skeleton, find_keypoint_set

RAW = Pixels()
IMAGENET = Pixels(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375), to_rgb=True)
IMAGENET_BGR = Pixels(mean=IMAGENET.mean[::-1], std=IMAGENET.std[::-1])

PADDING = 1.25
"""How much larger than its box the crop of a person is, by all of these projects."""

STRIDES = (8, 16, 32)
"""Input pixels per cell of the levels of RTMDet and YOLOX."""


class Family(NamedTuple):
    """What a network of one family wants of its input's pixels, and whether its crops follow the unbiased rule."""

    pixels: Pixels
    use_udp: bool = False


FAMILIES = {
    "rtmpose": Family(IMAGENET),
    "rtmw": Family(IMAGENET),
    "dwpose": Family(IMAGENET),
    "vitpose": Family(IMAGENET, use_udp=True),
    "udp": Family(IMAGENET, use_udp=True),
    "heatmap": Family(IMAGENET),
    "rtmo": Family(RAW),
    "yolox": Family(RAW),
    "rtmdet": Family(IMAGENET_BGR),
    "raw": Family(RAW),
}
"""The networks whose inputs are known, by what their files' names contain."""

SETS = {
    14: "crowdpose", 16: "mpii", 17: "coco", 20: "animalpose", 21: "coco_wholebody_hand", 26: "halpe26",
    68: "coco_wholebody_face", 98: "wflw", 106: "lapa", 133: "coco_wholebody", 136: "halpe",
}  # fmt: skip
"""The usual keypoint set of each number of keypoints."""


def pixels_of(preprocess: str | Pixels) -> Pixels:
    """Return the pixels that a family wants.

    Raises:
        ValueError: if there is no such family.
    """
    return preprocess if isinstance(preprocess, Pixels) else family_of(preprocess).pixels


def family_of(name: str) -> Family:
    """Return a family by its name.

    Raises:
        ValueError: if there is none.
    """
    if name not in FAMILIES:
        raise ValueError(f"preprocess '{name}': no such family of networks; {suggestion(name, FAMILIES)}")
    return FAMILIES[name]


def recognised(graph: Graph, preprocess: str | Pixels | None) -> Recipe | OneStageRecipe | DetectorRecipe:
    """Return what a file without posekit's metadata is.

    Args:
        graph: the file.
        preprocess: name of its family, or what it wants of its pixels; by default its name tells.

    Raises:
        ValueError: if inputs and outputs are those of no known kind, or the family is not clear.
    """
    size = sizes_of(graph)
    names = [port.name for port in graph.outputs]
    shapes = [output.shape for output in trial_outputs(graph, (3, *size[::-1]))]
    ranks = [len(shape) for shape in shapes]
    if ranks == [4]:
        return heatmap_recipe(graph, shapes[0], size, preprocess)
    if ranks == [3, 4] and shapes[0][-1] == 5 and shapes[1][-1] == 3:
        pixels = known_family(graph, preprocess, "rtmo").pixels
        return OneStageRecipe(input_size=size, **keypoints_of(graph, shapes[1][2]), **vars(pixels))
    if ranks == [3, 2] and shapes[0][-1] == 5:
        return detector_recipe(graph, size, preprocess, "dets")
    if ranks == [3] and shapes[0][1] == num_points(size) and shapes[0][2] > 5:
        return detector_recipe(graph, size, preprocess or "yolox", "cells")
    if ranks == [3, 3] and shapes[0][1:] == (num_points(size), 4) and shapes[1][1] == shapes[0][1]:
        return detector_recipe(graph, size, preprocess, "points")
    if ranks == [3, 3] and ("simcc_x" in names or is_simcc(shapes, size)):
        return simcc_recipe(graph, shapes, size, preprocess)
    told = ", ".join(f"{name} {list(shape)}" for name, shape in zip(names, shapes, strict=True))
    raise ValueError(
        f"{graph.source}: has no posekit metadata, and its outputs ({told}) are of no kind that posekit knows; known "
        "are those of RTMPose, DWPose, ViTPose, RTMO, RTMDet and YOLOX, and files that `posekit export` wrote"
    )


def sizes_of(graph: Graph) -> tuple[int, int]:
    """Return (w, h) of a file's input.

    Raises:
        ValueError: if it varies.
    """
    width, height = input_size(graph)
    if width is None or height is None:
        raise ValueError(
            f"{graph.source}: has no posekit metadata and takes images of any size, so the size that it was trained on "
            "is not known; export it with a fixed input size, or with `posekit export`"
        )
    return width, height


def known_family(graph: Graph, preprocess: str | Pixels | None, otherwise: str | None) -> Family:
    """Return the family that the person names, that the file's name or folder names, or the usual one.

    Raises:
        ValueError: if nothing tells.
    """
    if isinstance(preprocess, Pixels):
        return Family(preprocess)
    if preprocess is not None:
        return family_of(preprocess)
    path = Path(graph.source).absolute()
    for text in (path.name.lower(), path.parent.name.lower()):
        for name, family in FAMILIES.items():
            if name in text and name != "raw":
                return family
    if otherwise is None:
        raise ValueError(
            f"{graph.source}: is a detector without posekit metadata, and its name does not tell what pixels it takes; "
            "say preprocess='rtmdet' (normalised) or preprocess='yolox' (0 to 255), or name the file so"
        )
    return FAMILIES[otherwise]


def heatmap_recipe(graph: Graph, shape: Any, size: tuple[int, int], preprocess: str | Pixels | None) -> Recipe:
    """Return the recipe of a file with heatmaps (B, K, H, W)."""
    family = known_family(graph, preprocess, "heatmap")
    codec = dict(type="UDPHeatmap" if family.use_udp else "MSRAHeatmap", heatmap_size=[shape[3], shape[2]], sigma=2)
    return top_down_recipe(graph, codec, size, family, shape[1])


def simcc_recipe(graph: Graph, shapes: Any, size: tuple[int, int], preprocess: str | Pixels | None) -> Recipe:
    """Return the recipe of a file with rows of bins (B, K, Wx) and (B, K, Wy)."""
    family = known_family(graph, preprocess, "rtmpose")
    codec = dict(type="SimCCLabel", simcc_split_ratio=shapes[0][2] / size[0])
    return top_down_recipe(graph, codec, size, family, shapes[0][1])


def is_simcc(shapes: Any, size: tuple[int, int]) -> bool:
    """Whether outputs are rows of bins along x and along y, equally many per pixel."""
    (_, first, bins_x), (_, second, bins_y) = shapes
    return first == second and bins_x * size[1] == bins_y * size[0]


def top_down_recipe(graph: Graph, codec: dict[str, Any], size: tuple[int, int], family: Family, count: int) -> Recipe:
    """Return the recipe of a file that looks into the box of one person."""
    return Recipe(
        codec={**codec, "input_size": list(size)},
        input_size=size,
        padding=PADDING,
        use_udp=family.use_udp,
        **keypoints_of(graph, count),
        **vars(family.pixels),
    )


def detector_recipe(
    graph: Graph, size: tuple[int, int], preprocess: str | Pixels | None, outputs: str
) -> DetectorRecipe:
    """Return the recipe of a detector; of its classes, the first one, people, is kept."""
    pixels = known_family(graph, preprocess, None).pixels
    return DetectorRecipe(
        input_size=size, strides=STRIDES, outputs=outputs, labels=(0,), several_labels=False, within_input=False,
        **vars(pixels),
    )  # fmt: skip


def num_points(size: tuple[int, int]) -> int:
    """Return the number of points of a detector for an input (w, h)."""
    return int(np.sum([-(-size[0] // stride) * -(-size[1] // stride) for stride in STRIDES]))


def keypoints_of(graph: Graph, count: int) -> dict[str, Any]:
    """Return the fields of ``Keypoints``: of the set that the file's name names, the usual one, or numbered ones."""
    text = f"{Path(graph.source).absolute().parent.name}/{Path(graph.source).name}".lower()
    known = sorted((path.stem for path in find_keypoint_set("coco").parent.glob("*.py")), key=len, reverse=True)
    for name in [name for name in known if name in text.replace("-", "_")] + [SETS.get(count, "")]:
        if name and (skeleton := Skeleton.load(name)).num_keypoints == count:
            return keypoint_set(skeleton.metainfo())
    return dict(names=tuple(f"keypoint_{i}" for i in range(count)), flip_indices=tuple(range(count)))
