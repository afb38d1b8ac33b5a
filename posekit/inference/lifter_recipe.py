"""All that lifting needs to know beside a network: windows, codec and joints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from posekit.inference.recipe import Keypoints, check_codec
from posekit.inference.schema import Between

NumFrames = Annotated[int, Between(1, 2_000)]


@dataclass(frozen=True)
class Windows:
    """Which frames a lifter sees.

    Attributes:
        length: frames of a window.
        step: frames from one of them to the next.
        causal: the joints are those of the window's last frame, else those of its middle.
        whole: the joints are those of every frame of the window.
    """

    length: NumFrames = 1
    step: NumFrames = 1
    causal: bool = True
    whole: bool = False

    @classmethod
    def of_dataset(cls, dataset: Mapping[str, Any]) -> Windows:
        """Read the windows of a config's mocap dataset."""
        causal, step = bool(dataset.get("causal", True)), int(dataset.get("seq_step", 1))
        if several := int(dataset.get("multiple_target", 0)):
            return cls(several, step, causal, whole=True)
        return cls(int(dataset.get("seq_len", 1)), step, causal)

    def of_track(self, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the frames of each window of a track of ``count`` frames, and those whose joints it gives.

        Windows that reach over an end repeat the frame there; windows whose every frame counts stay inside.
        """
        if self.whole:
            size = min(self.length, count)
            starts = [*range(0, count - size, size), count - size]
            for start, done in zip(starts, [0, *(start + size for start in starts)], strict=False):
                yield np.arange(start, start + size), np.arange(done, start + size)
            return
        before = self.length - 1 if self.causal else (self.length - 1) // 2
        offsets = (np.arange(self.length) - before) * self.step
        for frame in range(count):
            yield np.clip(frame + offsets, 0, count - 1), np.array([frame])


@dataclass(frozen=True, kw_only=True)
class LifterRecipe(Keypoints, Windows):
    """How 2D poses go into a lifter and joints come out, as its exported file tells it.

    Attributes:
        codec: configuration of the codec that prepares the keypoints and decodes the joints.
        meta_keys: what the decoder learns of a window: ``target_root``, ``camera_param`` (the image's size) and
            ``factor``, as far as the codec uses them.
        flip_test: whether joints are averaged with those of the mirrored keypoints.
        shift_coords: whether the mirror axis is 0, as for coordinates from -1 to 1, instead of 0.5.
    """

    codec: dict[str, Any]
    meta_keys: tuple[str, ...] = ()
    flip_test: bool = False
    shift_coords: bool = True

    def check(self, source: str) -> None:
        """Raise ValueError, naming ``source``, unless the parts fit together."""
        super().check(source)
        check_codec(self.codec, source)
