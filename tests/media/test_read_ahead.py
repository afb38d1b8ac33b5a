from __future__ import annotations

import threading

import pytest

from posekit.media.read_ahead import read_ahead


def test_order_and_errors():
    def items():
        yield from range(3)
        raise ValueError("the third is missing")

    seen = []
    with pytest.raises(ValueError, match="the third is missing"):
        seen.extend(read_ahead(items(), 2))
    assert list(read_ahead(iter(range(3)))) == [0, 1, 2]


def test_no_more_is_made_than_may_wait():
    made, gate = [], threading.Event()

    def items():
        for number in range(100):
            made.append(number)
            if number == 3:
                gate.set()
            yield number

    reader = read_ahead(items(), 2)
    assert next(reader) == 0
    gate.wait(10)
    assert len(made) <= 4  # one is at the caller, two wait, one stands before the queue
    reader.close()
    assert len(made) <= 6


def test_stopping_early_closes_the_items_and_ends_the_thread():
    closed = []

    def items():
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.current_thread())

    reader = read_ahead(items(), 2)
    assert next(reader) == 1
    reader.close()
    assert len(closed) == 1
    assert not closed[0].is_alive()
