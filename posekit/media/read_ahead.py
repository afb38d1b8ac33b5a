"""Items that a thread makes while the caller works on the last ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, nullcontext, suppress
from queue import Empty, Queue
from typing import Any, TypeVar

Item = TypeVar("Item")

END = object()


def read_ahead(items: Iterable[Item], size: int = 1) -> Iterator[Item]:
    """Yield items, in order, while the next ones are made in a thread; an error reaches the caller in its place.

    When the caller stops early, the thread ends with the item that it is at, and the items are closed.

    Args:
        items: iterable that runs in the thread; a generator is closed there.
        size: number of items that may wait.
    """
    waiting: Queue[tuple[Any, BaseException | None]] = Queue(size)
    stop = threading.Event()
    thread = threading.Thread(target=fill, args=(iter(items), waiting.put, stop), daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is END:
                return
            yield item
    finally:
        stop.set()
        while thread.is_alive():  # it may wait for a place in the queue
            discard_one(waiting)
            thread.join(0.01)


def fill(items: Iterator[Any], put: Callable[[tuple[Any, BaseException | None]], None], stop: threading.Event) -> None:
    """Hand over what ``items`` yields until it ends or the reader stops."""
    try:
        with closing(items) if isinstance(items, Generator) else nullcontext():
            for item in items:
                put((item, None))
                if stop.is_set():
                    return
    except BaseException as error:
        put((None, error))
    else:
        put((END, None))


def discard_one(waiting: Queue[Any]) -> None:
    with suppress(Empty):
        waiting.get_nowait()
