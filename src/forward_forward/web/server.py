"""The server: a socket on this machine's own address, and nothing else."""

import contextlib
import errno
import os
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

from forward_forward.errors import UsageError, install
from forward_forward.web.app import make_app
from forward_forward.web.studio import Studio

try:
    import uvicorn
except ImportError:
    text = f"the page needs fastapi and uvicorn: {install('web')}"
    raise UsageError(text) from None

ADDRESS = "127.0.0.1"
WAITING = 64
"""Connections that may wait to be taken."""


def listening(port: int) -> socket.socket:
    """Return a socket that listens on 127.0.0.1; port 0 takes one that is free.

    Raises:
        UsageError: the port is in use, or not for everybody; the message names another.
    """
    # The protocol is named, as asyncio sends small packets at once (TCP_NODELAY) only where it is: else 40 ms are lost.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere it would let two servers share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen(WAITING)
    except OSError as error:
        listener.close()
        raise UsageError(_mend(port, error)) from None
    return listener


def _mend(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use; choose another: --port {port + 1}, or --port 0 for one that is free"
    if error.errno == errno.EACCES:
        return f"port {port} is for administrators; choose one above 1023: --port 8000"
    return f"port {port} cannot be had ({error.strerror}); choose another: --port 8000"


class Server(uvicorn.Server):
    """uvicorn, which also ends streams and the run when it is asked to end."""

    def __init__(self, studio: Studio, listener: socket.socket) -> None:
        port = listener.getsockname()[1]
        super().__init__(
            uvicorn.Config(
                make_app(studio, port),
                log_level="warning",
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                limit_concurrency=WAITING,
                timeout_graceful_shutdown=3,
            )
        )
        self.studio, self.listener = studio, listener
        self.address = f"http://{ADDRESS}:{port}/"

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.studio.closing.set()
        super().handle_exit(sig, frame)

    def end(self) -> None:
        """Ask a server that runs in another thread to end."""
        self.studio.closing.set()
        self.should_exit = True


def serve(studio: Studio, listener: socket.socket, begun: Callable[[str], Any]) -> None:
    """Serve until Ctrl-C.

    Arguments:
        studio: what to show.
        listener: from `listening`.
        begun: told the page's address once it can be asked for.
    """
    server = Server(studio, listener)
    begun(server.address)
    try:
        with contextlib.closing(listener):
            server.run(sockets=[listener])
    finally:
        studio.close()
