"""Who may ask: the token, the names of the host, the pages of other sites."""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Collection, Mapping
from typing import Any

from posekit.serve.metrics import Metrics
from posekit.serve.request_error import RequestError

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
OPEN_PATHS = re.compile(r"/|/health|/docs|/openapi\.json|/page/.*")
"""Pages and files without any data; they can be read without a token."""

KNOWN_PATHS = {"/", "/health", "/metrics", "/docs", "/openapi.json", "/v1/predict", "/v1/models", "/v1/video"}

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """ASGI middleware that lets requests through or refuses them, and counts them.

    Args:
        app: what comes after.
        metrics: counts requests.
        token: that requests need, as ``Authorization: Bearer TOKEN``; None for none.
        hosts: names by which the server may be called, without ports; None for any. A page of another site whose name
            leads to this server can then not use it.
        origins: other sites whose pages may use the server.
    """

    def __init__(
        self,
        app: Any,
        *,
        metrics: Metrics,
        token: str | None = None,
        hosts: Collection[str] | None = None,
        origins: Collection[str] = (),
    ) -> None:
        self.app = app
        self.metrics = metrics
        self.token = token
        self.hosts = hosts
        self.origins = frozenset(origins)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begin, status = time.perf_counter(), 500

        async def send_guarded(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *headers]}
            await send(message)

        try:
            if refusal := self.refusal(scope):
                await answer(refusal, send_guarded)
            else:
                await self.app(scope, receive, send_guarded)
        finally:
            self.metrics.answered(metric_path(scope["path"]), status, time.perf_counter() - begin)

    def refusal(self, scope: Any) -> RequestError | None:
        """Return why a request is refused; None if it is not."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if self.hosts is not None and re.sub(r":\d+$", "", host).lower() not in self.hosts:
            return RequestError(
                403, f"host '{host[:100]}': this server does not go by that name; start it with --allow-host"
            )
        origin = headers.get("origin")
        if origin is not None and origin not in self.origins and origin.partition("://")[2] != host:
            return RequestError(
                403, f"origin '{origin[:100]}': pages of other sites may not use this server (see --cors)"
            )
        if not OPEN_PATHS.fullmatch(scope["path"]) and not self.has_token(headers):
            return RequestError(401, "this server needs its token: send the header Authorization: Bearer TOKEN")
        return None

    def has_token(self, headers: Mapping[str, str]) -> bool:
        """Whether a request has the token, compared in a time that tells nothing of it."""
        if self.token is None:
            return True
        kind, _, token = headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(token.strip().encode("latin-1", "replace"), self.token.encode())
        return kind.lower() == "bearer" and same


def metric_path(path: str) -> str:
    """Return the path that a request counts under, one of a few, no matter what clients ask for."""
    if path in KNOWN_PATHS:
        return path
    return "/v1/video/ID" if path.startswith("/v1/video/") else "other"


async def answer(refusal: RequestError, send: Any) -> None:
    """Send a refusal."""
    body = refusal.body()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **refusal.headers}
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
