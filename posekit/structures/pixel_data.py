"""Maps over the pixels of one image: heatmaps, masks, weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from posekit.array import is_array
from posekit.structures.data_element import DataElement, describe


class PixelData(DataElement):
    """Maps (C, H, W) as numpy arrays or tensors, all of one height and width.

    A map (H, W) is held as (1, H, W). ``data[rows, columns]`` cuts the same window out of every map.

    Raises:
        ValueError: when a map is set whose height or width is not that of the others.
    """

    @property
    def shape(self) -> tuple[int, int] | None:
        """Height and width of the maps; None while there are none."""
        maps = self.values()
        return tuple(maps[0].shape[-2:]) if maps else None

    def _accepted(self, name: str, value: Any) -> Any:
        if not is_array(value) or value.ndim not in (2, 3):
            raise ValueError(f"PixelData.{name}: got {describe(value)}; give an array or tensor (C, H, W) or (H, W)")
        sizes = [tuple(other.shape[-2:]) for key, other in self._values.items() if key != name]
        if sizes and sizes[0] != tuple(value.shape[-2:]):
            raise ValueError(
                f"PixelData.{name}: height and width {tuple(value.shape[-2:])} where the other maps have {sizes[0]}; "
                "all maps need the same"
            )
        return value if value.ndim == 3 else value[None]

    def __getitem__(self, window: Any) -> Any:
        if isinstance(window, str):
            return getattr(self, window)
        rows, columns = window
        if isinstance(rows, int) or isinstance(columns, int):
            raise IndexError(f"PixelData[{rows!r}, {columns!r}]: both must be slices, so that maps stay maps")
        return self.map(lambda value: value[..., rows, columns])


class MultilevelPixelData(DataElement):
    """Maps at several levels: every value is a list with one map (C, H, W) per level.

    Maps of one level share height and width; ``data[level]`` is that level's PixelData.

    Raises:
        ValueError: when values differ in the number of levels, or in size at one level.
    """

    def _accepted(self, name: str, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"MultilevelPixelData.{name}: got {describe(value)}; give a list with one map per level")
        others = [len(other) for key, other in self._values.items() if key != name]
        if others and others[0] != len(value):  # pyright: ignore[reportUnknownArgumentType]
            raise ValueError(
                f"MultilevelPixelData.{name}: {len(value)} levels where the other values have {others[0]}"  # pyright: ignore
            )
        maps: list[Any] = []
        for index, item in enumerate(value):  # pyright: ignore
            level = PixelData(**{key: other[index] for key, other in self._values.items() if key != name})
            setattr(level, name, item)
            maps.append(level[name])
        return maps

    def __len__(self) -> int:
        """The number of levels."""
        return len(self.values()[0]) if self._values else 0

    def __iter__(self) -> Iterator[PixelData]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, level: int | str) -> Any:
        if isinstance(level, str):
            return getattr(self, level)
        return PixelData(metainfo=self._metainfo, **{name: value[level] for name, value in self.items()})
