"""Who may ask for what: this machine's own page alone, by plain paths, in small messages.

A page on another site can send requests to 127.0.0.1, and can give its own name that address (DNS rebinding). So the
Host must be this server's, a request that a browser sends for another site is refused by its Origin or its
Sec-Fetch-Site, and what changes something must be JSON, which no form can send.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Refusal = tuple[int, str]

MOST_BYTES = 96 * 1024
"""Longest body that is read; a drawing of 96×96 in colour takes 37,000."""
LONGEST = 2.0
"""Seconds that a body may take to come; less than the server waits for what is under way when it ends."""
PLAIN_PATH = re.compile(rb"/|(?:/[A-Za-z0-9_-]+(?:\.[a-z0-9]+)?)+")
"""Every path of the page's: no dots before a name, no escapes, no backslashes, nothing empty."""
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Stands before an application, refuses what is not for it, and adds headers to all that leaves.

    Arguments:
        app: an ASGI application.
        port: of this server.
    """

    def __init__(self, app: Any, port: int) -> None:
        self.app = app
        self.hosts = own_hosts(port)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headed = _with_headers(send)
        refusal = refused(scope, self.hosts)
        body = b""
        if refusal is None and scope["method"] == "POST":
            body, refusal = await _taken(receive)
        if refusal is not None:
            await _refuse(headed, *refusal)
            return
        await self.app(scope, _replayed(body, receive), headed)


def own_hosts(port: int) -> frozenset[str]:
    """Return what the Host header may say.

    Example:
        >>> sorted(own_hosts(8000))
        ['127.0.0.1:8000', 'localhost:8000']
    """
    bare = {"127.0.0.1", "localhost"}
    return frozenset({f"{name}:{port}" for name in bare} | (bare if port == 80 else set()))


def refused(scope: Message, hosts: frozenset[str]) -> Refusal | None:
    """Return why a request is refused, as a status and a line; None where it may pass."""
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    if [host.lower() for host in headers.get("host", [])] not in [[host] for host in hosts]:
        return 403, "this server answers to 127.0.0.1 and localhost alone"
    if not PLAIN_PATH.fullmatch(scope.get("raw_path") or scope["path"].encode()):
        return 404, "there is no such page"
    if any(
        origin not in {f"http://{host}" for host in hosts} for origin in headers.get("origin", [])
    ):
        return 403, "requests of other sites are refused"
    if _of_another_site(scope, headers):
        return 403, "requests of other sites are refused"
    if scope["method"] == "POST":
        return _bad_post(headers)
    return None


def _of_another_site(scope: Message, headers: dict[str, list[str]]) -> bool:
    """Return whether a browser says that another site asks; a link to the page itself may be followed."""
    site = headers.get("sec-fetch-site", ["none"])
    followed = scope["path"] == "/" and headers.get("sec-fetch-mode") == ["navigate"]
    return not (followed and scope["method"] == "GET") and site not in (["same-origin"], ["none"])


def _bad_post(headers: dict[str, list[str]]) -> Refusal | None:
    kind = headers.get("content-type", [""])[0].partition(";")[0].strip().lower()
    if kind != "application/json":
        return 415, "send JSON, with the content type application/json"
    length = headers.get("content-length", ["0"])[0]
    if not length.isdecimal():
        return 400, "the content length is no number"
    if len(length) > 9 or int(length) > MOST_BYTES:
        return 413, f"more than {MOST_BYTES:,} bytes; send less"
    return None


async def _taken(receive: Receive) -> tuple[bytes, Refusal | None]:
    """Return a whole body, or why it is refused."""
    try:
        async with asyncio.timeout(LONGEST):
            body = await _read(receive)
    except TimeoutError:
        return b"", (408, "the whole request did not come; send it again")
    if body is None:
        return b"", (413, f"more than {MOST_BYTES:,} bytes; send less")
    return body, None


async def _read(receive: Receive) -> bytes | None:
    """Return a whole body, or None as soon as it is too long."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return None
        more = message.get("more_body", False)
    return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body that was read already, and then what comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_headers(send: Send) -> Send:
    added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]

    async def headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", []) if pair[0].decode() not in HEADERS]
            message = {**message, "headers": [*kept, *added]}
        await send(message)

    return headed


async def _refuse(send: Send, status: int, why: str) -> None:
    body = json.dumps({"error": why}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
