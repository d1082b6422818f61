"""Fetch the files of a data set, when asked to, and say which are here.

A file is written under a temporary name beside its place and renamed into it once its sha256 is
right, so a broken, cut or doubled download never leaves a wrong file where a loader looks.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from forward_forward.data.dataset import find
from forward_forward.data.location import complete, present, roots
from forward_forward.errors import DataError, UsageError

Progress = Callable[[str, int, int], None]
"""Called with a file's name, its bytes so far and its bytes in all (0: not known)."""

TIMEOUT = 30.0
"""Seconds without a byte after which a server is given up."""


class FileStatus(TypedDict):
    """What is known of one file; `sha256_ok` is None where it is missing, unpacked, or of no known sha256."""

    file: str
    path: Path
    present: bool
    sha256_ok: bool | None


def fetch(name: str, target: Path | None = None, progress: Progress | None = None) -> Path:
    """Download the files of the data set `name` that are missing or damaged.

    Arguments:
        name: the data set.
        target: the folder under which `<name>/` goes; without it `$FF_DATA`, or the user's cache
            where that is not set.
        progress: is told of each piece that arrives.

    Returns:
        The folder `<target>/<name>`, which holds all files with the right sha256.

    Raises:
        UsageError: there is no such data set, it has nothing to download, or it is to be fetched by
            hand.
        DataError: a file cannot be had or written; the message names its addresses.
    """
    module = find(name)
    if not getattr(module, "FILES", None):
        raise UsageError(f"{name} needs no download; use it as it is")
    if hasattr(module, "ARCHIVE"):
        found = status(name, target)
        place = found[0]["path"].parent
        if all(file["present"] and file["sha256_ok"] is not False for file in found):
            return place
        raise UsageError(
            f"{name} is to be fetched by hand: get {module.ARCHIVE} and put {', '.join(module.FILES)} into {place}"
        )
    folder = roots(target)[0] / name
    fetch_files(module.FILES, module.MIRRORS, folder, progress)
    return folder


def fetch_files(
    files: Mapping[str, str],
    mirrors: Sequence[str],
    folder: Path,
    progress: Progress | None = None,
) -> None:
    """Download each of `files` that `folder` lacks or holds damaged.

    Arguments:
        files: file name to sha256, in hexadecimal.
        mirrors: addresses, each ending in `/`, that are tried in their order.
        folder: where the files go; it is made if need be.
        progress: is told of each piece that arrives.

    Raises:
        DataError: no mirror gave a file with the right sha256, or the folder cannot be written.
            What was there before is still there; no part of a new file is left.
    """
    for file, sha256 in files.items():
        if not _matches(folder / file, sha256):
            _fetch_file(file, sha256, mirrors, folder, progress)


def status(name: str, data_dir: Path | None = None) -> list[FileStatus]:
    """Say for each file of the data set `name` whether it is here and right.

    Arguments:
        name: the data set.
        data_dir: the only folder to look in for `<name>/`; without it the first of `$FF_DATA` and
            the user's cache that holds all files, or else the first of them.

    Returns:
        One entry per file, none for a data set without files.

    Raises:
        UsageError: there is no such data set.
        DataError: a file is there but cannot be read.

    Example:
        >>> status("digits")
        []
        >>> [entry["present"] for entry in status("mnist", Path("/nowhere"))]
        [False, False, False, False]
    """
    module = find(name)
    files: Mapping[str, str | None] = getattr(module, "FILES", {})
    place = getattr(module, "FOLDER", name)
    found = complete(place, files, data_dir)
    folder = found[0].parent if found else roots(data_dir)[0] / place
    return [_status(folder, file, sha256) for file, sha256 in files.items()]


def _status(folder: Path, file: str, sha256: str | None) -> FileStatus:
    path = present(folder, file)
    whole = path is not None and path.name == file
    right = _matches(path, sha256) if path is not None and whole and sha256 is not None else None
    return FileStatus(
        file=file, path=path or folder / file, present=path is not None, sha256_ok=right
    )


def _matches(path: Path, sha256: str) -> bool:
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); check the file and its rights"
        ) from error


def _fetch_file(
    file: str, sha256: str, mirrors: Sequence[str], folder: Path, progress: Progress | None
) -> None:
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    failures = []
    for mirror in mirrors:
        downloader = pooch.HTTPDownloader(
            progressbar=_Bar(file, progress) if progress else False,
            chunk_size=2**16,
            timeout=TIMEOUT,
            headers={"Accept-Encoding": "identity"},
        )
        try:
            pooch.retrieve(mirror + file, f"sha256:{sha256}", file, folder, downloader=downloader)
            # The temporary file was its owner's alone; a data folder is often shared.
            (folder / file).chmod(0o644)
            return
        except (ValueError, OSError) as error:
            failures.append(f"{mirror}{file} {_reason(error)}")
    raise DataError(
        f"could not download {file}: {'; '.join(failures)}; check the network and try again, or "
        f"put the file into {folder} yourself"
    )


def _reason(error: Exception) -> str:
    """Say in a few words why a download failed; requests' own errors are OSErrors."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"answers {response.status_code} {response.reason}".strip()
    if not isinstance(error, OSError):
        return "sent something else than the published file (its sha256 differs)"
    if error.strerror:
        return f"could not be stored ({error.strerror})"
    kinds = {
        "ChunkedEncodingError": "broke off in mid-file",
        "ConnectionError": "cannot be reached",
    }
    kind = type(error).__name__
    return kinds.get(kind, f"failed ({kind})")


class _Bar:
    """What pooch takes for a progress bar, passing on to a function."""

    def __init__(self, file: str, progress: Progress) -> None:
        self.file, self.progress = file, progress
        self.total, self.done = 0, 0

    def update(self, count: int) -> None:
        # pooch counts whole chunks, so the last one would pass the end.
        self.done += count
        self.progress(
            self.file, min(self.done, self.total) if self.total else self.done, self.total
        )

    def reset(self) -> None:
        """Keep the count: pooch resets only to report the end, which `update` clips to."""

    def close(self) -> None:
        """Nothing is open."""
