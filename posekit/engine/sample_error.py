"""Errors of samples, named and readable also when they come from a worker."""

from __future__ import annotations

from typing import Any

from posekit.datasets.base import BadSampleError, cause


def named_error(dataset: Any, index: int, error: Exception) -> BadSampleError:
    """Return an error that says which sample of which dataset could not be read, and why."""
    info: Any = {}
    if hasattr(dataset, "get_data_info"):
        info = dataset.get_data_info(index)
    path = f" ({info['img_path']})" if info.get("img_path") else ""
    return BadSampleError(f"sample {index} of {type(dataset).__name__}{path}: {cause(error)}")


def without_traceback(error: Exception) -> Exception:
    """Return a worker's error as it was raised there; torch packs its traceback into the message."""
    text = str(error).rstrip()
    if "Original Traceback" not in text or not isinstance(error, BadSampleError):
        return error
    return BadSampleError(text.rpartition(f"{BadSampleError.__name__}: ")[2])
