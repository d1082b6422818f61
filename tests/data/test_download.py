import hashlib
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from forward_forward.data import download, mnist
from forward_forward.data.download import fetch, fetch_files, status
from forward_forward.errors import DataError, UsageError

BODY = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()
FILES = {"body.gz": SHA256}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        kind = self.path.split("/")[1]
        if kind == "missing":
            self.send_error(404)
            return
        self.send_response(200)
        if kind != "unsized":
            self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY[:100])
        if kind == "slow":
            time.sleep(0.3)
        if kind in ("ok", "slow", "unsized"):
            self.wfile.write(BODY[100:])
        if kind == "wrong":
            self.wfile.write(bytes(len(BODY) - 100))

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.requests = []
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        address = f"http://127.0.0.1:{http.server_port}"
        yield SimpleNamespace(url=lambda kind: f"{address}/{kind}/", requests=http.requests)
        http.shutdown()
        thread.join()


@pytest.fixture
def local_mnist(server, monkeypatch):
    monkeypatch.setattr(mnist, "FILES", {"one.gz": SHA256, "two.gz": SHA256})
    monkeypatch.setattr(mnist, "MIRRORS", (server.url("ok"),))


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


@pytest.mark.parametrize("kind", ["ok", "unsized"])
def test_a_good_download(server, tmp_path, kind):
    folder = tmp_path / "deep" / "set"
    fetch_files(FILES, [server.url(kind)], folder)
    assert content(folder) == {"body.gz": BODY}
    assert (folder / "body.gz").stat().st_mode & 0o777 == 0o644


def test_what_is_here_is_not_fetched_again(server, tmp_path):
    for _ in range(2):
        fetch_files(FILES, [server.url("ok")], tmp_path)
    assert len(server.requests) == 1


def test_a_damaged_file_is_fetched_again(server, tmp_path):
    (tmp_path / "body.gz").write_bytes(BODY[:-1])
    fetch_files(FILES, [server.url("ok")], tmp_path)
    assert content(tmp_path) == {"body.gz": BODY}


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "answers 404 Not Found"),
        ("wrong", "its sha256 differs"),
        ("short", "broke off in mid-file"),
    ],
)
@pytest.mark.parametrize("before", [{}, {"body.gz": b"old"}])
def test_a_failed_download_leaves_nothing(server, tmp_path, kind, says, before):
    for name, old in before.items():
        (tmp_path / name).write_bytes(old)
    with pytest.raises(DataError, match=says) as caught:
        fetch_files(FILES, [server.url(kind)], tmp_path)
    assert server.url(kind) + "body.gz" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert content(tmp_path) == before


def test_offline(tmp_path):
    with pytest.raises(DataError, match=r"127\.0\.0\.1:9/body\.gz cannot be reached"):
        fetch_files(FILES, ["http://127.0.0.1:9/"], tmp_path)
    assert content(tmp_path) == {}


def test_the_next_mirror_is_tried(server, tmp_path):
    fetch_files(FILES, [server.url("missing"), server.url("wrong"), server.url("ok")], tmp_path)
    assert content(tmp_path) == {"body.gz": BODY}


def test_all_mirrors_are_named_when_all_fail(server, tmp_path):
    with pytest.raises(DataError, match="404.*sha256"):
        fetch_files(FILES, [server.url("missing"), server.url("wrong")], tmp_path)


def test_a_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="could not be stored"):
        fetch_files(FILES, [server.url("ok")], tmp_path / "file" / "set")


def test_a_full_disk(server, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.move", refuse)
    with pytest.raises(DataError, match="No space left on device"):
        fetch_files(FILES, [server.url("ok")], tmp_path)
    assert content(tmp_path) == {}


def test_threads_at_once(server, tmp_path):
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(fetch_files, FILES, [server.url("slow")], tmp_path) for _ in range(4)]
    assert [run.result() for run in runs] == [None] * 4
    assert content(tmp_path) == {"body.gz": BODY}


@pytest.mark.parametrize("kinds", [("slow", "slow"), ("slow", "wrong"), ("slow", "short")])
def test_processes_at_once(server, tmp_path, kinds):
    program = (
        "import sys; from forward_forward.data.download import fetch_files;"
        f"fetch_files({FILES!r}, [sys.argv[1]], __import__('pathlib').Path(sys.argv[2]))"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", program, server.url(kind), str(tmp_path)],
            stderr=subprocess.DEVNULL,
        )
        for kind in kinds
    ]
    codes = [run.wait(60) for run in runs]
    assert codes[0] == 0
    assert content(tmp_path) == {"body.gz": BODY}


@pytest.mark.parametrize(("kind", "total"), [("ok", len(BODY)), ("unsized", 0)])
def test_progress(server, tmp_path, kind, total):
    seen = []
    fetch_files(FILES, [server.url(kind)], tmp_path, lambda *step: seen.append(step))
    assert {(name, size) for name, _, size in seen} == {("body.gz", total)}
    done = [count for _, count, _ in seen]
    assert done == sorted(done)
    assert done[-1] >= len(BODY) and (not total or done[-1] == total)


def test_fetch_by_name(local_mnist, tmp_path):
    folder = fetch("mnist", tmp_path)
    assert folder == tmp_path / "mnist"
    assert content(folder) == {"one.gz": BODY, "two.gz": BODY}


def test_fetch_goes_where_the_loader_looks(local_mnist, empty_cache, tmp_path, monkeypatch):
    assert fetch("mnist") == empty_cache / "mnist"
    monkeypatch.setenv("FF_DATA", str(tmp_path / "named"))
    assert fetch("mnist") == tmp_path / "named" / "mnist"


def test_fetch_of_what_needs_none():
    with pytest.raises(UsageError, match="digits needs no download"):
        fetch("digits")


def test_fetch_of_the_unknown():
    with pytest.raises(UsageError, match="did you mean 'mnist'"):
        fetch("mnits")


def test_status(local_mnist, tmp_path):
    folder = tmp_path / "mnist"
    assert [entry["present"] for entry in status("mnist", tmp_path)] == [False, False]
    folder.mkdir()
    (folder / "one.gz").write_bytes(BODY)
    (folder / "two.gz").write_bytes(b"damaged")
    one, two = status("mnist", tmp_path)
    assert one == {"file": "one.gz", "path": folder / "one.gz", "present": True, "sha256_ok": True}
    assert (two["present"], two["sha256_ok"]) == (True, False)
    (folder / "two.gz").rename(folder / "two")
    assert status("mnist", tmp_path)[1]["sha256_ok"] is None


def test_status_asks_no_server(local_mnist, server, tmp_path):
    status("mnist", tmp_path)
    assert server.requests == []


def test_status_without_files():
    assert status("digits") == []


def test_a_folder_in_the_place_of_a_file(local_mnist, tmp_path):
    (tmp_path / "one.gz").mkdir()
    with pytest.raises(DataError, match="cannot be read"):
        download._matches(tmp_path / "one.gz", SHA256)


def test_the_official_files_are_right(real_mnist):
    assert all(entry["sha256_ok"] is not False for entry in status("mnist"))
