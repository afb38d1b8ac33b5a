"""Pixel augmentations under the names of the albumentations package."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

from posekit.datasets.transforms.base import BaseTransform, random_generator
from posekit.datasets.transforms.pixel_ops import PIXEL_OPS, PixelOp
from posekit.datasets.transforms.results import Results
from posekit.registry import TRANSFORMS

DEFAULT_CHANCE = 0.5


@TRANSFORMS.register_module()
class Albumentation(BaseTransform):
    """Run pixel augmentations described as in albumentations.

    Blur, GaussianBlur, MedianBlur, GaussNoise, CoarseDropout, GridDropout, ToGray, HueSaturationValue,
    RandomBrightnessContrast and OneOf are built in; any other needs the albumentations package.

    Args:
        transforms: dicts with ``type``, ``p`` (0.5 unless given) and the parameters of that type.
        keymap: results key -> albumentations target; other than ``{"img": "image"}`` needs the package.

    Raises:
        ImportError: if the package is needed and missing.
        ValueError: for parameters a built-in type does not have.
    """

    requires = ("img",)
    provides = ("img",)

    def __init__(self, transforms: list[dict[str, Any]], keymap: dict[str, str] | None = None) -> None:
        self.transforms = transforms
        self.keymap = keymap or {"img": "image"}
        plain = self.keymap == {"img": "image"}
        self._steps = [build_step(config) if plain else None for config in transforms]
        outside = [config for config, step in zip(transforms, self._steps, strict=True) if step is None]
        self._package = {id(config): PackageStep(config) for config in outside}

    def transform(self, results: Results) -> Results:
        rng = random_generator(results)
        for config, step in zip(self.transforms, self._steps, strict=True):
            if step is None:
                self._package[id(config)](results, self.keymap, rng)
            elif rng.random() < config.get("p", DEFAULT_CHANCE):
                results["img"] = step(results["img"], rng)
        return results


def build_step(config: dict[str, Any]) -> PixelOp | None:
    """Build a step without its chance; None if it is not built in."""
    kind, arguments = config["type"], {k: v for k, v in config.items() if k not in ("type", "p", "always_apply")}
    if kind == "OneOf":
        return build_choice(arguments["transforms"])
    if kind not in PIXEL_OPS:
        return None
    try:
        return PIXEL_OPS[kind](**arguments)
    except TypeError as error:
        raise ValueError(f"Albumentation: {kind} does not take these parameters: {error}") from error


def build_choice(configs: list[dict[str, Any]]) -> PixelOp | None:
    """Build the choice of one of several steps, with ``p`` as their weights; None unless all are built in."""
    steps = [build_step(config) for config in configs]
    if any(step is None for step in steps):
        return None
    bounds = np.cumsum([config.get("p", DEFAULT_CHANCE) for config in configs])

    def run(img: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        chosen = steps[int(np.searchsorted(bounds, rng.random() * bounds[-1], side="right"))]
        return img if chosen is None else chosen(img, rng)

    return run


class PackageStep:
    """One augmentation run by the albumentations package."""

    def __init__(self, config: dict[str, Any]) -> None:
        if importlib.util.find_spec("albumentations") is None:
            raise ImportError(
                f"Albumentation: '{config['type']}' is not built in (built in: {', '.join(PIXEL_OPS)}, OneOf); "
                "pip install albumentations to use it"
            )
        import albumentations  # pyright: ignore[reportMissingImports]

        self.compose = albumentations.Compose([build_foreign(albumentations, config)])

    def __call__(self, results: Any, keymap: dict[str, str], rng: np.random.Generator) -> None:
        """Augment the values that ``keymap`` names, with a seed drawn from ``rng``."""
        seed = int(rng.integers(2**31))
        inputs = {target: results[key] for key, target in keymap.items()}
        if hasattr(self.compose, "set_random_seed"):
            self.compose.set_random_seed(seed)
            output = self.compose(**inputs)
        else:
            output = run_seeded(self.compose, inputs, seed)
        results.update({key: output[target] for key, target in keymap.items()})


def build_foreign(package: Any, config: dict[str, Any]) -> Any:
    """Build an augmentation of the package, with those inside it."""
    arguments = {key: value for key, value in config.items() if key != "type"}
    if not hasattr(package, config["type"]):
        raise ValueError(f"Albumentation: the installed albumentations has no '{config['type']}'")
    if "transforms" in arguments:
        arguments["transforms"] = [build_foreign(package, item) for item in arguments["transforms"]]
    return getattr(package, config["type"])(**arguments)


def run_seeded(compose: Any, targets: dict[str, Any], seed: int) -> dict[str, Any]:
    """Run an older albumentations, which draws from the global generators, and leave those as they were."""
    import random

    states = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        return compose(**targets)
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
