"""What `tests/data/test_download.py` leaves open: servers that lie well, processes that die. The cache is clean."""

import hashlib
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from forward_forward.data.download import fetch_files
from forward_forward.errors import DataError

BODY = bytes(range(256)) * 2000
FILES = {"body.gz": hashlib.sha256(BODY).hexdigest()}


class Handler(BaseHTTPRequestHandler):
    """Answers by the first part of the path: a status, headers, and pieces of a body."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        kind = self.path.split("/")[1]
        if kind == "moved":
            self.send_response(302)
            self.send_header("Location", f"file://{__file__}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if kind in ("gone", "broken"):
            return self.send_error(404 if kind == "gone" else 503)
        self.send_response(200)
        bodies = {
            "short": BODY[:1000], "empty": b"", "portal": b"<html>Sign in</html>", "long": BODY + b"x",
            "flipped": BODY[:-1] + b"\0", "slow": BODY, "cut": BODY, "chunked": BODY,
        }  # fmt: skip
        if kind == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(bodies[kind])))
        self.end_headers()
        if kind == "chunked":  # and it breaks off within a piece
            self.wfile.write(b"40000\r\n" + BODY[:500])
        elif kind == "cut":
            self.wfile.write(BODY[: len(BODY) // 2])
        elif kind == "slow":
            for start in range(0, len(BODY), 2**14):
                self.wfile.write(BODY[start : start + 2**14])
                self.wfile.flush()
                time.sleep(0.01)
        else:
            self.wfile.write(bodies[kind])
        self.close_connection = True

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):  # who asked was killed
            return


@pytest.fixture(scope="module")
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def shown(folder):
    """Return what a loader would find: whole names, no hidden or temporary ones."""
    return {path.name: path.read_bytes() for path in folder.glob("body*")}


LIES = ["short", "empty", "portal", "long", "flipped", "cut", "chunked", "moved", "gone", "broken"]


@pytest.mark.parametrize("kind", LIES)
@pytest.mark.parametrize("before", [{}, {"body.gz": b"old"}], ids=["nothing", "an old file"])
def test_a_server_that_lies_poisons_nothing(address, count, tmp_path, kind, before):
    for name, old in before.items():
        (tmp_path / name).write_bytes(old)
    with pytest.raises(DataError) as caught:
        fetch_files(FILES, [f"{address}/{kind}/"], tmp_path)
    assert "\n" not in str(caught.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    count("7 downloads", told=1, poisoned=0)


PROGRAM = (
    "import sys; from pathlib import Path; from forward_forward.data.download import fetch_files;"
    f"print('ready', flush=True); fetch_files({FILES!r}, [sys.argv[1]], Path(sys.argv[2]))"
)


def test_one_that_is_killed_beside_one_that_ends(address, count, tmp_path):
    """kill −9 in mid-stream, while another process fetches the same file."""
    words = [sys.executable, "-c", PROGRAM, f"{address}/slow/", str(tmp_path)]
    runs = [subprocess.Popen(words, stdout=-1, stderr=-1) for _ in range(2)]
    for run in runs:
        assert run.stdout.readline() == b"ready\n"
    time.sleep(0.1)
    runs[0].send_signal(signal.SIGKILL)
    assert shown(tmp_path) in ({}, {"body.gz": BODY})
    for run in runs:
        run.communicate(timeout=120)
    assert runs[1].returncode == 0
    assert shown(tmp_path) == {"body.gz": BODY}
    fetch_files(FILES, [f"{address}/gone/"], tmp_path)  # it is here, so nobody is asked
    count("7 downloads", told=1, poisoned=0)
