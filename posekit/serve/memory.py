"""A bound on the memory that all requests together take."""

from __future__ import annotations

import threading
from types import TracebackType

from posekit.serve.request_error import RequestError

RETRY_S = 2.0


class Memory:
    """Bytes that requests may hold.

    Args:
        total: number of bytes for all requests together.

    Attributes:
        used: number of bytes that are taken.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.used = 0
        self.lock = threading.Lock()

    def change(self, amount: int) -> None:
        """Take bytes, or give them back with a negative amount.

        Raises:
            RequestError: if fewer bytes are free.
        """
        with self.lock:
            if self.used + amount > self.total:
                raise RequestError(429, "the server is busy with other requests; try again", retry_after=RETRY_S)
            self.used += amount

    def share(self) -> MemoryShare:
        """Return an account for a request."""
        return MemoryShare(self)


class MemoryShare:
    """The bytes that a request holds; all are given back at the end of the ``with`` block."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.held = 0

    def take(self, amount: int) -> None:
        """Take more bytes.

        Raises:
            RequestError: if fewer bytes are free, or the request needs more than there are.
        """
        if self.held + amount > self.memory.total:
            raise RequestError(413, "the images of this request need more memory than the server has; send fewer")
        self.memory.change(amount)
        self.held += amount

    def __enter__(self) -> MemoryShare:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.memory.change(-self.held)
        self.held = 0
