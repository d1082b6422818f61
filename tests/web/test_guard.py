"""Nobody but this machine's own page is answered, and no path leads to a file."""

import asyncio
import json
import re
import socket
import urllib.parse

import numpy as np
import pytest

from forward_forward.web import guard
from forward_forward.web.app import make_app, read_files
from forward_forward.web.guard import HEADERS, MOST_BYTES, own_hosts
from page import PORT, WISH, below, drawing

OWN = f"127.0.0.1:{PORT}"
GETS = ["/", "/static/main.js", "/api/models", "/api/samples/given", "/api/run/offers"]
POSTS = [
    "/api/look",
    "/api/run/start",
    "/api/run/change",
    "/api/run/stop",
    "/api/run/use",
    "/api/run/save",
]
SECRET = "a secret that nobody may read"

CLIMBS = [
    "../secret.txt", "../../secret.txt", "../../../../../../etc/passwd", "..%2fsecret.txt", "%2e%2e/secret.txt",
    "%2e%2e%2fsecret.txt", "%252e%252e%252fsecret.txt", "..%252fsecret.txt", "%25252e%25252e/secret.txt",
    "..\\secret.txt", "..%5csecret.txt", "%2e%2e%5csecret.txt", "..%255csecret.txt", "....//secret.txt",
    "..././secret.txt", "..;/secret.txt", ".%00./secret.txt", "main.js%00.txt", "main.js/../secret.txt",
    "main.js%2f..%2fsecret.txt", "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "%2f%2fetc/passwd",
    "C:/windows/win.ini", "C:%5cwindows%5cwin.ini", "file:///etc/passwd", "~/.ssh/id_rsa", "..%c0%afsecret.txt",
    "%c0%ae%c0%ae/secret.txt", "%uff0e%uff0e/secret.txt", "..%ef%bc%8fsecret.txt", ".../secret.txt", "./secret.txt",
    "%00", ".", "..", "..%20/secret.txt", "secret.txt%0d%0aX: 1", "app.py", "../app.py", "__init__.py", "index.html",
    "%6dain.js", ".%2e/%2e./secret.txt",
]  # fmt: skip
BASES = ["/", "/static/", "/api/", "/api/samples/", "/api/run/", "/api/look/", "/static/static/"]


def asked(app, method="GET", raw="/", headers=None, body=b""):
    """Ask an application as uvicorn would, the path unchanged; return status, headers and body."""
    sent, parts = [], [body]
    given = {"host": OWN, **(headers or {})}
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "query_string": b"",
        "raw_path": raw.encode(), "path": urllib.parse.unquote(raw), "root_path": "",
        "client": ("127.0.0.1", 5), "server": ("127.0.0.1", PORT),
        "headers": [(k.lower().encode(), v.encode()) for k, v in given.items() if v is not None],
    }  # fmt: skip

    async def receive():
        return {
            "type": "http.request",
            "body": parts.pop(0) if parts else b"",
            "more_body": bool(parts),
        }

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    text = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}, text


@pytest.fixture
def app(studio):
    return make_app(studio, PORT)


@pytest.fixture
def secret(tmp_path, monkeypatch):
    """A file beside the folder that the server runs in, and one in it."""
    folder = tmp_path / "here"
    folder.mkdir()
    for place in (tmp_path, folder):
        (place / "secret.txt").write_text(SECRET)
    monkeypatch.chdir(folder)


@pytest.mark.parametrize("base", BASES)
def test_no_path_leads_to_a_file(app, secret, base):
    assert len(CLIMBS) >= 30
    for climb in CLIMBS:
        status, _, text = asked(app, raw=base + climb)
        assert status in (403, 404, 405, 422), (base + climb, status)
        assert SECRET.encode() not in text
        assert b"root:" not in text and b"import " not in text


def test_no_path_leads_to_a_file_over_a_socket(live, secret):
    host = live.removeprefix("http://").rstrip("/")
    for raw in [base + climb for base in ("/static/", "/") for climb in CLIMBS]:
        address = (host.partition(":")[0], int(host.partition(":")[2]))
        with socket.create_connection(address, timeout=10) as line:
            line.sendall(
                f"GET {raw} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
            )
            answer = b"".join(iter(lambda: line.recv(65536), b""))
        assert answer.split(b" ", 2)[1] in (b"400", b"403", b"404"), raw
        assert SECRET.encode() not in answer and b"root:" not in answer


def test_what_is_sent_leads_to_no_file_either(client, secret, tmp_path):
    client.post("/api/run/start", json=WISH)
    for climb in CLIMBS:
        for path, body in (
            ("/api/run/save", {"name": climb}),
            ("/api/run/start", {**WISH, "data": climb}),
            ("/api/look", {"model": climb, "channels": 1, "height": 1, "width": 1, "pixels": "AA==", "centre": False}),
        ):  # fmt: skip
            answer = client.post(path, json=body)
            assert answer.status_code in (400, 422), (path, climb, answer.text)
            assert SECRET not in answer.text
    assert "runs" not in below(tmp_path)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:8001", f"127.0.0.1.evil.example:{PORT}",
        f"localhost.evil.example:{PORT}", f"192.168.0.7:{PORT}", f"0.0.0.0:{PORT}", f"[::1]:{PORT}", "", "null",
        f"evil@127.0.0.1:{PORT}", f"127.0.0.1:{PORT}, evil.example", f"127.0.0.1:{PORT} ", f"2130706433:{PORT}", None,
    ],
)  # fmt: skip
def test_other_hosts_are_refused(app, host):
    for path in GETS:
        assert asked(app, raw=path, headers={"host": host})[0] == 403
    for path in POSTS:
        head = {"host": host, "content-type": "application/json"}
        assert asked(app, "POST", path, head, b"{}")[0] == 403


def test_two_hosts_are_refused(app):
    scope_headers = [(b"host", OWN.encode()), (b"host", b"evil.example")]
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": b"/",
        "path": "/",
        "headers": scope_headers,
    }
    asyncio.run(app(scope, None, send))
    assert sent[0]["status"] == 403


@pytest.mark.parametrize("host", sorted(own_hosts(PORT)))
def test_own_hosts_are_answered(app, host):
    for path in GETS:
        status, headers, _ = asked(app, raw=path, headers={"host": host})
        assert status == 200
        assert {name: headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    "head",
    [
        {"origin": "http://evil.example"}, {"origin": "null"}, {"origin": f"https://127.0.0.1:{PORT}"},
        {"origin": "http://127.0.0.1:9000"}, {"origin": "http://127.0.0.1"}, {"origin": f"http://127.0.0.1:{PORT}.evil"},
        {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    ],
)  # fmt: skip
def test_requests_of_other_sites_are_refused(app, head):
    for path in POSTS:
        given = {**head, "content-type": "application/json"}
        assert asked(app, "POST", path, given, b"{}")[0] == 403
    for path in GETS[1:]:
        assert asked(app, raw=path, headers=head)[0] == 403


def test_a_link_to_the_page_may_be_followed_but_nothing_else(app):
    head = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert asked(app, raw="/", headers=head)[0] == 200
    assert asked(app, "POST", "/", {**head, "content-type": "application/json"}, b"{}")[0] == 403
    own = {"origin": f"http://localhost:{PORT}", "sec-fetch-site": "same-origin"}
    status, _, _ = asked(
        app, "POST", "/api/run/stop", {**own, "content-type": "application/json"}, b"{}"
    )
    assert status == 400  # there is no run to stop: it got through


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonp",
    ],
)
def test_forms_are_refused(app, kind):
    for path in POSTS:
        assert asked(app, "POST", path, {"content-type": kind}, b"{}")[0] == 415


def test_long_bodies_are_refused_with_and_without_a_length(app, client):
    head = {"content-type": "application/json"}
    long = b" " * (MOST_BYTES + 1)
    for path in POSTS:
        assert asked(app, "POST", path, head, long)[0] == 413
        assert asked(app, "POST", path, {**head, "content-length": str(len(long))})[0] == 413
        assert asked(app, "POST", path, {**head, "content-length": "9" * 400})[0] == 413
        assert asked(app, "POST", path, {**head, "content-length": "-1"})[0] == 400

    def endless():
        for _ in range(200):
            yield b"[" * 1024

    answer = client.post("/api/look", content=endless(), headers=head)
    assert answer.status_code == 413


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "FOO"])
def test_other_methods_are_refused(app, method):
    for path in [*GETS, *POSTS]:
        status, headers, _ = asked(app, method, path, {"content-type": "application/json"})
        assert status == 405
        assert "access-control-allow-origin" not in headers


def test_nothing_else_is_served(app):
    for path in (
        "/docs",
        "/redoc",
        "/openapi.json",
        "/favicon.ico",
        "/static/",
        "/static",
        "/api",
        "/api/look/",
    ):
        assert asked(app, raw=path)[0] in (404, 405)


def test_every_answer_carries_the_headers_and_errors_are_one_line(app):
    for method, raw, body in [
        ("GET", "/nothing", b""),
        ("POST", "/api/look", b"{"),
        ("GET", "/static/x.js", b""),
    ]:
        status, headers, text = asked(app, method, raw, {"content-type": "application/json"}, body)
        assert status >= 400
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert set(json.loads(text)) == {"error"}
        assert b"Traceback" not in text and b".py" not in text


def test_files_need_no_inline_code_and_no_other_host():
    for name, data in read_files().items():
        text = data.decode()
        assert (
            "innerHTML" not in text
            and "insertAdjacentHTML" not in text
            and "document.write" not in text
        )
        assert "eval(" not in text and "new Function" not in text
        for address in ("http://", "https://"):
            found = text.replace("http://www.w3.org/2000/svg", "")
            assert address not in found, name
    page = read_files()["index.html"].decode()
    assert not re.search(r"\s(style|on[a-z]+)\s*=", page)
    assert page.count("<script") == page.count("<script src=") + page.count(
        '<script type="module" src='
    )


def test_a_failure_tells_no_more_than_that(client, studio, monkeypatch):
    def broken(*_):
        raise RuntimeError("/home/somebody/secret.py line 3")

    monkeypatch.setattr(studio, "look", broken)
    answer = client.post("/api/look", json=drawing(np.ones((4, 4))))
    assert answer.status_code == 500
    assert answer.json() == {"error": "something failed on the server; its terminal says what"}


def test_a_body_that_never_comes_holds_nothing_up(app, monkeypatch):
    """Else it would keep a place for good, and end in a traceback with the server."""
    monkeypatch.setattr(guard, "LONGEST", 0.05)
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    headers = [
        (b"host", OWN.encode()),
        (b"content-type", b"application/json"),
        (b"content-length", b"50"),
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/look",
        "raw_path": b"/api/look",
        "headers": headers,
    }
    asyncio.run(asyncio.wait_for(app(scope, receive, send), 5))
    assert sent[0]["status"] == 408
    assert "send it again" in json.loads(sent[1]["body"])["error"]
