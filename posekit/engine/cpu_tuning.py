"""Settings that make training on a CPU faster."""

from __future__ import annotations

import contextlib
import ctypes
import sys

import torch

MMAP_MAX, TRIM_THRESHOLD = -4, -1
"""Parameters of glibc's ``mallopt``."""


def tune_cpu() -> None:
    """Set up this process for training on the CPU.

    Numbers too small for the normal format count as 0, since they cost many times as much, and
    freed memory stays with the process: activations of one step are as large as those of the
    next, and fetching their pages from the system anew takes a tenth of the time.
    """
    torch.set_flush_denormal(True)
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            libc = ctypes.CDLL("libc.so.6")
            libc.mallopt(MMAP_MAX, 0)
            libc.mallopt(TRIM_THRESHOLD, 2**31 - 1)


def computes_bfloat16() -> bool:
    """Whether this CPU has instructions for bfloat16; without them it is slower than float32, not faster."""
    asked = (getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return any(supported() for supported in asked if supported is not None)
