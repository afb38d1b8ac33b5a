"""Runs the application until a signal stops it."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from posekit.serve.limits import Limits

HEADERS_S = 15.0
"""Seconds that a new connection has to send the headers of its first request."""


class ImpatientProtocol(H11Protocol):
    """Closes new connections that send no whole request."""

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        asyncio.get_running_loop().call_later(HEADERS_S, self.close_if_silent)

    def close_if_silent(self) -> None:
        """Close the connection if no request has come."""
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens to an address.

    Raises:
        OSError: if the address cannot be used.
    """
    listener = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        if listener is not None:
            listener.close()
        raise OSError(f"--host {host} --port {port}: {error.strerror or error}; choose another") from error
    return listener


def server_of(app: Any, limits: Limits) -> uvicorn.Server:
    """Return a server of an application, with bounds of connections and of the time to stop."""
    config = uvicorn.Config(
        app,
        http=ImpatientProtocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        limit_concurrency=limits.max_connections,
        timeout_graceful_shutdown=round(limits.stop_s),
        server_header=False,
    )
    return uvicorn.Server(config)


def run(app: Any, listener: socket.socket, limits: Limits) -> None:
    """Serve until SIGINT or SIGTERM, then finish the running requests.

    Args:
        app: the ASGI application.
        listener: socket that takes connections.
        limits: bounds of connections and of the time to stop.
    """
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises the signal again when all is done
    server_of(app, limits).run(sockets=[listener])
