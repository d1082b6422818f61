"""A file or a folder of one's own that a net learned from, so that it can be judged on it later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from forward_forward.errors import DataError


@dataclass(frozen=True)
class Source:
    """Where data of one's own came from.

    Arguments:
        path: absolute.
        sha256: of a file's bytes; of a folder, of the names and bytes of all its files.
    """

    path: str
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Source:
        """Return the source that lies there now.

        Raises:
            DataError: it cannot be read.
        """
        with told(path):
            return cls(str(path.absolute()), _sha256(path))

    def found(self) -> Path:
        """Return where it lies.

        Raises:
            DataError: it cannot be read any more, or is another one now.
        """
        path = Path(self.path)
        if not path.exists():
            raise DataError(
                f"{path}, which was learned, is not there any more; say where it is, or give other data: --data FILE"
            )
        if Source.of(path) != self:
            raise DataError(
                f"{path} has changed since it was learned, so its test rows cannot be told; give data to judge on "
                "with --data"
            )
        return path


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what keeps a file or folder from being read into a `DataError` of one line that names it."""
    try:
        yield
    except OSError as error:
        reason = " ".join(str(error.strerror or error).split())
        raise DataError(
            f"{path}: cannot be read ({reason}); check the file and its rights"
        ) from None


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be read; a `DataError` says what keeps it from that."""
    with told(path), open(path, "rb") as stream:
        yield stream


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files in a folder and below it by name, without hidden ones; links are not followed."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__")) or path.is_symlink():
            continue
        if path.is_dir():
            yield from files_in(path)
        elif path.is_file():
            yield path


def _sha256(path: Path) -> str:
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    whole = hashlib.sha256()
    for file in files_in(path):
        whole.update(f"{file.relative_to(path).as_posix()}\n{_sha256(file)}\n".encode())
    return whole.hexdigest()
