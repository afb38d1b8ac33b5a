"""What a config says about prediction: its test pipeline and the recipe in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from posekit.array import plain
from posekit.codecs.base import FLIP_DEFAULTS
from posekit.inference.recipe import Recipe, keypoint_set
from posekit.registry import strip_scope

TOP_DOWN_STEPS = ("LoadImage", "GetBBoxCenterScale", "TopdownAffine", "PackPoseInputs")
FREE_OPTIONS = ("type", "_scope_", "backend_args", "file_client_args", "imdecode_backend")
"""Options of LoadImage that do not change the image it returns."""


def prediction_dataset(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the test, else validation dataset of a config, as the layer that holds the model's pipeline.

    A dataset that joins or repeats others has that pipeline itself (CombinedDataset, whose parts only convert
    their keypoints) or in its first part (ConcatDataset, RepeatDataset).

    Raises:
        ValueError: if none of them has a pipeline.
    """
    for loader in ("test_dataloader", "val_dataloader"):
        dataset: Any = (config.get(loader) or {}).get("dataset")
        while isinstance(dataset, Mapping):
            if dataset.get("pipeline"):
                return dataset
            dataset = dataset.get("dataset") or next(iter(dataset.get("datasets") or ()), None)
    raise ValueError(
        "the config has no test_dataloader.dataset.pipeline (nor val_dataloader's); prediction prepares images by it: "
        "give its steps, such as LoadImage, GetBBoxCenterScale, TopdownAffine and PackPoseInputs for a top-down "
        "model, or LoadImage, BottomupResize and PackPoseInputs for a bottom-up one"
    )


def prediction_steps(config: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the steps that a config's test, else validation data go through; none where the config has none."""
    try:
        return prediction_dataset(config)["pipeline"]
    except ValueError:
        return ()


def step_name(step: Any) -> str:
    """Return the name of a step's class, whether the step is a config or built."""
    kind = step.get("type", "") if isinstance(step, Mapping) else type(step)
    return strip_scope(kind) if isinstance(kind, str) else kind.__name__


def is_top_down(steps: Sequence[Any]) -> bool:
    """Whether a test pipeline looks at one box at a time."""
    return any(step_name(step) in TOP_DOWN_STEPS[1:3] for step in steps)


def only_crops(steps: Sequence[Any]) -> bool:
    """Whether a test pipeline does nothing but cut out boxes, so that a recipe can say all of it."""
    if tuple(map(step_name, steps)) != TOP_DOWN_STEPS or not all(isinstance(step, Mapping) for step in steps):
        return False
    load, pack = steps[0], steps[-1]
    return set(load) <= set(FREE_OPTIONS) and set(pack) <= {"type", "_scope_"}


def recipe_of(config: Mapping[str, Any], metainfo: Mapping[str, Any], card: Mapping[str, Any] | None = None) -> Recipe:
    """Read the recipe of a config's top-down model.

    Args:
        config: the whole config.
        metainfo: the model's keypoint set.
        card: what the model was trained on and reaches.

    Raises:
        ValueError: if the config's test pipeline cuts out no boxes.
    """
    steps = {step_name(step): step for step in prediction_steps(config)}
    if "TopdownAffine" not in steps:
        raise ValueError(
            "only top-down models can be exported: the config's test pipeline has no TopdownAffine "
            f"({', '.join(steps) or 'it is empty'})"
        )
    settings = config["model"]
    test_cfg = settings.get("test_cfg") or {}
    options = {key: test_cfg.get(key, default) for key, default in FLIP_DEFAULTS.items()}
    crop = steps["TopdownAffine"]
    border = plain(crop.get("border_value", 0))
    return Recipe(
        codec=plain((settings.get("head") or {}).get("decoder") or {}),
        input_size=(int(crop["input_size"][0]), int(crop["input_size"][1])),
        padding=float(steps.get("GetBBoxCenterScale", {}).get("padding", 1.25)),
        use_udp=bool(crop.get("use_udp", False)),
        flip_test=bool(test_cfg.get("flip_test", False)),
        flip_options=plain(options),
        border_value=tuple(border) if isinstance(border, (list, tuple)) else border,
        kept_keypoints=tuple(map(int, test_cfg.get("output_keypoint_indices") or ())),
        card=plain(dict(card or {})),
        **keypoint_set(metainfo),
    )
