"""The answer to a request that the server does not carry out."""

from __future__ import annotations

import json
import math

UNREAD = (401, 403, 408, 413, 429)
"""Status codes of requests whose body was not read to its end; the connection is closed and with it the rest."""


class RequestError(Exception):
    """A request that is not carried out.

    Args:
        status: HTTP status code.
        message: what is wrong and what to do.
        retry_after: seconds after which the same request may succeed; None if it never will.
    """

    def __init__(self, status: int, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = {} if retry_after is None else {"Retry-After": str(max(math.ceil(retry_after), 1))}
        if status == 401:
            self.headers["WWW-Authenticate"] = "Bearer"
        if status in UNREAD:
            self.headers["Connection"] = "close"

    def body(self) -> bytes:
        """Return the answer as JSON."""
        return json.dumps({"error": self.message}).encode()
