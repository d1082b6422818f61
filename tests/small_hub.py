"""A hub of models for tests: as much of Hugging Face's HTTP interface as fetching and putting a model takes."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN = "hf_of_a_test"


@dataclass
class Repo:
    """Commits by hash, each path → bytes, and which of them branches and tags are."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    private: bool = False

    def commit(self, files: dict[str, bytes], ref: str = "main") -> str:
        said = repr((len(self.commits), sorted(files.items())))
        sha = hashlib.sha1(said.encode(), usedforsecurity=False).hexdigest()
        self.commits[sha] = files
        self.refs[ref] = sha
        return sha

    def at(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.refs.get(revision)


@dataclass
class Hub:
    repos: dict[str, Repo] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Method and path of every request."""
    broken: int = 0
    """Answer everything with this status, where it is not 0."""
    endpoint: str = ""

    def given(self) -> list[str]:
        """Return the names of the files that were given out."""
        return [
            line.rpartition("/")[2]
            for line in self.asked
            if line.startswith("GET /") and "/resolve/" in line
        ]


@contextmanager
def serving() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        self._answer(b"")

    do_HEAD = do_GET

    def do_POST(self):
        self._answer(self._body())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, body: bytes) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        if self.hub.broken:
            self._say(self.hub.broken, {"error": "out of order"})
            return
        words = path.strip("/").split("/")
        if words[:2] == ["api", "models"]:
            self._model("/".join(words[2:4]), words[4:], body)
        elif words[:3] == ["api", "repos", "create"]:
            self._create(json.loads(body))
        elif words[:2] == ["api", "validate-yaml"]:
            self._say(200, {"errors": [], "warnings": []})
        elif len(words) > 4 and words[2] == "resolve":
            self._file("/".join(words[:2]), words[3], "/".join(words[4:]))
        else:
            self._say(404, {"error": "no such thing"})

    def _may(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _create(self, asked: dict) -> None:
        if not self._may():
            self._say(401, {"error": "who are you"})
            return
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        if name in self.hub.repos:
            self._say(409, {"error": "it is there", "url": f"{self.hub.endpoint}/{name}"})
            return
        made = Repo(private=bool(asked.get("private") or asked.get("visibility") == "private"))
        made.commit({".gitattributes": b""})
        self.hub.repos[name] = made
        self._say(200, {"url": f"{self.hub.endpoint}/{name}"})

    def _model(self, name: str, words: list[str], body: bytes) -> None:
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and not self._may()):
            self._say(404, {"error": "no such model"}, {"X-Error-Code": "RepoNotFound"})
            return
        what = words[0] if words else "revision"
        revision = words[1] if len(words) > 1 else "main"
        sha = repo.at(revision)
        if sha is None:
            self._say(404, {"error": "no such revision"}, {"X-Error-Code": "RevisionNotFound"})
        elif what == "revision":
            files = [{"rfilename": path} for path in repo.commits[sha]]
            self._say(
                200,
                {
                    "id": name,
                    "modelId": name,
                    "sha": sha,
                    "siblings": files,
                    "private": repo.private,
                    "tags": [],
                    "downloads": 0,
                    "likes": 0,
                },
            )
        elif what == "tree":
            self._say(
                200,
                [
                    {"type": "file", "path": p, "size": len(d), "oid": _oid(d)}
                    for p, d in repo.commits[sha].items()
                ],
            )
        elif not self._may():
            self._say(403, {"error": "you may not write"})
        elif what == "preupload":
            files = json.loads(body)["files"]
            self._say(
                200,
                {
                    "files": [
                        {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                        for f in files
                    ]
                },
            )
        else:
            self._commit(repo, sha, name, body)

    def _commit(self, repo: Repo, sha: str, name: str, body: bytes) -> None:
        files = dict(repo.commits[sha])
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "deletedFile":
                files.pop(value["path"])
        made = repo.commit(files)
        self._say(
            200,
            {
                "commitUrl": f"{self.hub.endpoint}/{name}/commit/{made}",
                "commitOid": made,
                "success": True,
                "hookOutput": "",
            },
        )

    def _file(self, name: str, revision: str, path: str) -> None:
        repo = self.hub.repos.get(name)
        sha = repo and repo.at(revision)
        if sha is None or path not in repo.commits[sha]:
            self._say(404, {"error": "no such file"}, {"X-Error-Code": "EntryNotFound"})
            return
        data = repo.commits[sha][path]
        self._send(
            200, data, {"ETag": f'"{_oid(data)}"', "X-Repo-Commit": sha, "Accept-Ranges": "bytes"}
        )

    def _say(self, status: int, value, headers: dict | None = None) -> None:
        self._send(
            status,
            json.dumps(value).encode(),
            {"Content-Type": "application/json", **(headers or {})},
        )

    def _send(self, status: int, data: bytes, headers: dict) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _oid(data: bytes) -> str:
    """Return a file's hash as git has it."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
