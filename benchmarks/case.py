"""What a benchmark case is, and how variants are timed against each other."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One measurement.

    Args:
        name: of the case and its variant, such as "C4 encode msra K=17".
        workload: what is done, in words.
        goal: what it should reach, in words.
        run: measures and returns named numbers; raises AssertionError where results differ.
    """

    name: str
    workload: str
    goal: str
    run: Callable[[], dict[str, float]]


def interleaved_seconds(
    variants: dict[str, Callable[[], object]], rounds: int = 9, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Return each variant's median time; all run once per round, so that a busy machine slows all alike.

    ``time.process_time`` as the ``clock`` suits what one thread computes: the longer of two variants
    is interrupted by other processes more often, and their time does not count.
    """
    times: dict[str, list[float]] = {name: [] for name in variants}
    for function in variants.values():
        function()
    for _ in range(rounds):
        for name, function in variants.items():
            start = clock()
            function()
            times[name].append(clock() - start)
    return {name: statistics.median(values) for name, values in times.items()}
