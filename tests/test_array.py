"""Functions of the array API, computed by numpy or by torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from posekit.array import numpy_on_cpu


@numpy_on_cpu
def halves(values: Any, *, name: str = "half") -> dict[str, Any]:
    return {name: values / 2, "pair": (values, type(values)), "nothing": None}


def test_numpy_computes_on_tensors_of_the_cpu() -> None:
    values = torch.tensor([1.0, 3.0], requires_grad=True)
    result = halves(values, name="x")
    assert result["pair"][1] is np.ndarray
    assert result["nothing"] is None
    torch.testing.assert_close(result["x"], torch.tensor([0.5, 1.5]))
    assert result["pair"][0].data_ptr() == values.data_ptr()


def test_arrays_and_other_devices_stay_what_they_are() -> None:
    assert halves(np.ones(2))["pair"][1] is np.ndarray
    assert isinstance(halves(np.ones(2))["half"], np.ndarray)
    assert halves(torch.ones(2, device="meta"))["pair"][1] is torch.Tensor


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64, torch.int64])
def test_takes_every_dtype(dtype: torch.dtype) -> None:
    half = halves(values=torch.tensor([1, 3], dtype=dtype))["half"]
    torch.testing.assert_close(half.double(), torch.tensor([0.5, 1.5], dtype=torch.float64))
