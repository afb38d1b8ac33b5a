"""Lists of transforms as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from posekit.datasets.transforms.base import BaseTransform, DeviceTransform
from posekit.datasets.transforms.geometric import GeometricTransform
from posekit.datasets.transforms.results import DERIVED, FROM_DATASET, Results
from posekit.registry import TRANSFORMS


class Pipeline:
    """Transforms that run one after the other.

    Geometric steps that nothing separates but steps blind to the pixels are
    folded, so that the image is warped once.

    Args:
        transforms: built transforms or their configs. A plain callable is taken as it is.
        available: keys in the results before the first transform.

    Raises:
        ValueError: if a transform needs a key that neither the dataset nor an
            earlier transform provides.
    """

    def __init__(self, transforms: Iterable[Any], available: Iterable[str] = FROM_DATASET) -> None:
        self.transforms = [TRANSFORMS.build(t) if isinstance(t, dict) else t for t in transforms]
        self.available = frozenset(available)
        check_keys(self.transforms, self.available)
        deferred = fold(self.transforms)
        self._calls = [step.place if late else step for step, late in zip(self.transforms, deferred, strict=True)]

    def __call__(self, results: Results) -> Results | None:
        """Run all transforms; None, as soon as one gives None."""
        current: Results | None = results
        for call in self._calls:
            current = call(current)
            if current is None:
                return None
        return current

    def split(self) -> tuple[Pipeline, list[DeviceTransform]]:
        """Return the pipeline of the loader's workers, and the steps that the device runs on whole batches.

        From the packing step backwards, steps go to the device for as long as they can run there.

        Raises:
            ValueError: if a step that runs only on the device is followed by one that cannot.
        """
        steps = list(self.transforms)
        packing = steps[-1:] if steps and "inputs" in getattr(steps[-1], "provides", ()) else []
        steps = steps[: len(steps) - len(packing)]
        stand_ins: list[BaseTransform] = []
        on_device: list[DeviceTransform] = []
        while packing and steps:
            parts = steps[-1].split(steps[:-1]) if isinstance(steps[-1], BaseTransform) else None
            if parts is None:
                break
            steps.pop()
            stand_ins[:0], on_device[:0] = parts
        for number, step in enumerate(steps):
            if isinstance(step, DeviceTransform):
                raise ValueError(
                    f"pipeline[{number}] {type(step).__name__} runs on the training device, but what follows it runs "
                    f"in workers: {', '.join(type(later).__name__ for later in self.transforms[number + 1 :])}; "
                    "put it at the end, before PackPoseInputs"
                )
        return Pipeline([*steps, *stand_ins, *packing], self.available) if on_device else self, on_device

    def __len__(self) -> int:
        return len(self.transforms)

    def __iter__(self):
        return iter(self.transforms)

    def __getitem__(self, index: int) -> Any:
        return self.transforms[index]

    def __repr__(self) -> str:
        return "Pipeline(\n" + "".join(f"    {t!r},\n" for t in self.transforms) + ")"


def check_keys(transforms: Sequence[Any], available: frozenset[str]) -> None:
    """Raise ValueError that names every transform whose required keys nothing provides.

    Keys that no built-in transform knows are the business of whoever invented them.
    """
    known, problems = set(available), []
    for position, transform in enumerate(transforms):
        for key in getattr(transform, "requires", ()):
            if key in DERIVED and key not in known:
                problems.append(
                    f"pipeline[{position}] {type(transform).__name__} needs '{key}', "
                    f"which no step before it provides{advice(key)}"
                )
        known.update(getattr(transform, "provides", ()))
    if problems:
        raise ValueError("\n".join(problems))


def advice(key: str) -> str:
    """Name the transforms of the registry that provide ``key``."""
    givers = [n for n in TRANSFORMS.names() if key in getattr(TRANSFORMS.get(n), "provides", ())]
    changers = [n for n in givers if key not in TRANSFORMS.get(n).requires]  # pyright: ignore
    return f"; put {' or '.join(changers)} before it" if changers else ""


def fold(transforms: Sequence[Any]) -> list[bool]:
    """Say for each transform whether its warp can wait for a later geometric one.

    It can where the next transform that reads the pixels is geometric and at most
    one of the folded maps cuts pixels off.
    """
    late, cuts = [False] * len(transforms), 0
    for index, step in enumerate(transforms):
        if not isinstance(step, GeometricTransform):
            continue
        cuts += not step.keeps_frame
        follower = next((t for t in transforms[index + 1 :] if reads_pixels(t)), None)
        late[index] = isinstance(follower, GeometricTransform) and cuts + (not follower.keeps_frame) <= 1
        cuts = cuts if late[index] else 0
    return late


def reads_pixels(transform: Any) -> bool:
    """Whether a step needs finished pixels; a callable that declares nothing might."""
    requires = getattr(transform, "requires", None)
    declared = isinstance(transform, BaseTransform) and type(transform).requires is not BaseTransform.requires
    return not declared or requires is None or "img" in requires
