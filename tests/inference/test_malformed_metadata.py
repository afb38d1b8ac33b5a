"""Whatever a model file's metadata holds, a file that cannot be used is refused in one message that names it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posekit.inference.detection import DetectorRecipe
from posekit.inference.model_file import network_of
from posekit.inference.networks.graph import Port
from posekit.inference.recipe import DETECTOR_KEY, METADATA_KEY, ONE_STAGE_KEY, OneStageRecipe, Recipe

SIZE, CELLS, NAMES = (48, 64), (12, 16), ("left", "right", "top")
SOURCE = "folder/strange.onnx"

RECIPES: dict[str, Any] = {
    METADATA_KEY: Recipe(
        codec=dict(type="MSRAHeatmap", input_size=list(SIZE), heatmap_size=list(CELLS), sigma=2), input_size=SIZE,
        padding=1.25, use_udp=False, names=NAMES, flip_indices=(1, 0, 2), links=((0, 2),), flip_test=True,
        flip_options=dict(flip_mode="heatmap", shift_heatmap=True),
    ),
    ONE_STAGE_KEY: OneStageRecipe(input_size=SIZE, names=NAMES, flip_indices=(1, 0, 2)),
    DETECTOR_KEY: DetectorRecipe(input_size=SIZE, strides=(8, 16), classes=("person",)),
}  # fmt: skip
OUTPUTS = {
    METADATA_KEY: [(None, 3, 16, 12)],
    ONE_STAGE_KEY: [(None, 9, 5), (None, 9, 3, 3)],
    DETECTOR_KEY: [(None, 60, 4), (None, 60, 1)],
}


class FileOfShapes:
    """A model file that has shapes and metadata, and computes nothing."""

    source = SOURCE

    def __init__(self, metadata: dict[str, str], outputs: list[tuple[int | None, ...]]) -> None:
        self.inputs = [Port("images", (None, 3, SIZE[1], SIZE[0]))]
        self.outputs = [Port(f"output_{i}", shape) for i, shape in enumerate(outputs)]
        self.metadata = metadata

    def run(self, batch: np.ndarray) -> list[np.ndarray]:
        raise AssertionError("its shapes tell everything")


def opened(key: str, changes: dict[str, Any], outputs: Any = None) -> Any:
    content = {**json.loads(RECIPES[key].to_json()), **changes}
    content = {name: value for name, value in content.items() if value != "ABSENT"}
    return network_of(FileOfShapes({key: json.dumps(content)}, outputs or OUTPUTS[key]))


HUGE, DEEP = [100_000, 100_000], [[[[[[1]]]]]]
NUMBERS = (None, "2", [], {}, True, float("nan"), float("inf"), 1e300, 10**400, -1)
SIZES = (None, 48, "48", [], [48], [48, 64, 3], [48.5, 64], [0, 64], [-48, 64], ["48", "64"], HUGE, DEEP, [64, 48], {})
TEXTS = (None, 3, [], {}, True)
CODECS = (
    None, [], "MSRAHeatmap", {}, {"type": None}, {"type": 3}, {"type": "os.system"}, {"type": "MSRAHeatmap"},
    *({"type": "MSRAHeatmap", "input_size": list(SIZE), "heatmap_size": size, "sigma": 2}
      for size in (None, 12, [], [12], [16, 12], [24, 32], [0, 16], [-12, -16], HUGE, DEEP, "ab", [1, 1])),
    *({"type": "MSRAHeatmap", "input_size": list(SIZE), "heatmap_size": list(CELLS), "sigma": sigma}
      for sigma in (None, "2", [], 1e9, -1e9, float("nan"))),
    {"type": "MSRAHeatmap", "input_size": [96, 128], "heatmap_size": list(CELLS), "sigma": 2},
    {"type": "MSRAHeatmap", "input_size": HUGE, "heatmap_size": list(CELLS), "sigma": 2},
    {"type": "MSRAHeatmap", "input_size": list(SIZE), "heatmap_size": list(CELLS), "sigma": 2, "unbiased": True,
     "blur_kernel_size": "x"},
    {"type": "SimCCLabel", "input_size": list(SIZE)},
    {"type": "SimCCLabel", "input_size": list(SIZE), "simcc_split_ratio": 1e8},
    {"type": "RegressionLabel", "input_size": list(SIZE)},
    {"type": "UDPHeatmap", "input_size": list(SIZE), "heatmap_size": list(CELLS), "heatmap_type": "combined"},
    {"type": "SPR", "input_size": list(SIZE), "heatmap_size": list(CELLS)},
)  # fmt: skip
KEYPOINTS: dict[str, Any] = {
    "names": (None, 3, "abc", [], ["a"], ["a", "b"], ["a", "a", "b"], ["a", "b", ""], ["a", "b", 3], [["a"], "b", "c"],
              ["a", "b", "c", "d"], {"a": 1}),
    "flip_indices": (None, 3, [], [0, 1], [0, 0, 2], [1, 2, 0], [1, 0, 9], [1, 0, -1], [1.0, 0, 2], ["1", "0", "2"],
                     [True, False, 2], [1, 0, 10**400]),
    "links": (None, 3, [3], [[0]], [[0, 1, 2]], [[0, 7]], [[-1, 0]], [["a", "b"]], [[0, 1.5]]),
    "colors": (None, 3, [[1, 2, 3]], [[1, 2]] * 3, [[1, 2, 256]] * 3, [[-1, 2, 3]] * 3, ["red"] * 3),
    "link_colors": (None, [[1, 2, 3]] * 2, [[1, 2, 300]]),
    "sigmas": (None, [0.1], [0.1, 0.1, -0.1], [0.1, 0.1, "x"], [0.1, 0.1, float("nan")]),
    "kept_keypoints": (None, 3, [3], [-1], [0, 0], [0.5], ["left"]),
    "dataset_name": TEXTS,
    "card": (None, 3, [], "x"),
    "mean": (None, 3, [1], [1, 2, "x"], [1, 2, 3]),
    "std": (None, [1, 2, 0], [1, 2, 3], ["x"] * 3),
    "to_rgb": (None, 1, "yes", []),
}  # fmt: skip
CHANGES: dict[str, dict[str, Any]] = {
    METADATA_KEY: {
        "format": ("ABSENT", None, 0, 2, "1", [], {}), "codec": ("ABSENT", *CODECS), "input_size": ("ABSENT", *SIZES),
        "padding": ("ABSENT", 0, 1e9, *NUMBERS), "use_udp": ("ABSENT", None, 0, "no", []), "unknown": (1, None),
        "flip_test": (None, 1, "yes"), "flip_options": (None, [], 3, {"flip_mode": "upside down"}),
        "border_value": (None, "grey", [1, 2], [1, 2, 3, 4], 256, -1, [1, 2, 999], float("nan"), {}), **KEYPOINTS,
    },
    ONE_STAGE_KEY: {
        "format": ("ABSENT", 2), "input_size": ("ABSENT", *SIZES), "border_value": (None, "x", 256, [1]),
        "score_thr": (2, *NUMBERS), "iou_threshold": (2, *NUMBERS), "names": KEYPOINTS["names"],
    },
    DETECTOR_KEY: {
        "format": ("ABSENT", 2), "input_size": ("ABSENT", *SIZES),
        "strides": ("ABSENT", None, 8, [], [0], [-8], [8], [8, 16, 32], ["8"], [8.5, 16], [100_000], DEEP),
        "classes": (None, "person", [3], ["person", "cat"]), "pad_value": (256, *NUMBERS),
        "score_thr": (2, *NUMBERS), "above": (None, 1), "several_labels": (None, "x"), "within_input": (None, 0),
        "nms_pre": (1.5, *NUMBERS), "min_size": (-5, None, "x"), "iou_threshold": (2, *NUMBERS),
        "max_per_img": (1.5, *NUMBERS), "outputs": (None, 3, "boxes", "cells", "dets"), "labels": (None, [-1], ["x"]),
    },
}  # fmt: skip
VARIANTS = [
    (key, {name: value}) for key, fields in CHANGES.items() for name, values in fields.items() for value in values
]


def short_id(value: Any) -> str:
    return str(value)[:50]


@pytest.mark.parametrize("key", RECIPES)
def test_what_is_right_opens(key: str) -> None:
    opened(key, {})


def test_there_are_many_variants() -> None:
    assert len(VARIANTS) >= 250


@pytest.mark.parametrize(("key", "changes"), VARIANTS, ids=short_id)
def test_one_message_names_the_file(key: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^{SOURCE}: ") as raised:
        opened(key, changes)
    assert len(str(raised.value)) < 2000


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '"x"', "[" * 100_000, "\x00", "{}", '{"format": NaN}'])
@pytest.mark.parametrize("key", RECIPES)
def test_what_is_no_json_object_is_named(key: str, text: str) -> None:
    with pytest.raises(ValueError, match=rf"^{SOURCE}: its posekit metadata is not "):
        network_of(FileOfShapes({key: text}, OUTPUTS[key]))


@pytest.mark.parametrize("key", RECIPES)
@pytest.mark.parametrize("shapes", [[(None, 4)], [(None, 2, 16, 12)], [(None, 3, 9, 9)], [(None, 7, 5), (None, 7, 4)],
                                    [(None, 1, 1)] * 3, [(None,)]])  # fmt: skip
def test_outputs_of_other_shapes_are_named(key: str, shapes: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{SOURCE}: "):
        opened(key, {}, shapes)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [(key, name) for key, recipe in RECIPES.items() for name in json.loads(recipe.to_json())]


@settings(deadline=None, max_examples=300)
@given(field=st.sampled_from(FIELDS), value=JSON)
def test_any_value_opens_or_is_named(field: tuple[str, str], value: Any) -> None:
    key, name = field
    message = f"{SOURCE}: "
    try:
        opened(key, {name: value})
    except ValueError as error:
        message = str(error)
    assert message.startswith(f"{SOURCE}: ")
