"""A file is written whole or not at all: the one way in which anything of ours reaches the disk."""

import contextlib
import os
import secrets
from pathlib import Path


def write_whole(path: Path | str, data: bytes) -> None:
    """Replace the file `path` by `data` in one step; until then an earlier one is as it was.

    The bytes go into a hidden file beside it, which is made anew and follows no link, and on to the disk; then that
    file takes the name. Whatever ends the process on the way, a reader finds the old file or the new one.

    Arguments:
        path: its folder is made if need be. A device or a pipe is not replaced but written to.
        data: all of it.

    Raises:
        OSError: when that fails; the earlier file is intact and no part of the new one is left.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_whole(Path(folder, "a", "b"), b"all of it")
        ...     Path(folder, "a", "b").read_bytes()
        b'all of it'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():  # a device or a pipe is written to, and must stay one
        path.write_bytes(data)
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    keep_names(path.parent)


def keep_names(folder: Path) -> None:
    """Have the disk keep the names in a folder as they are now, where the system can: a rename outlives a power cut."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
