"""A folder that is written whole or not at all."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from forward_forward.errors import FFError, UsageError
from forward_forward.files import keep_names, write_whole


def check_free(folder: Path) -> None:
    """Raise a `UsageError` where something is there already."""
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"{folder} is there already; choose another folder")


def write_new(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files to a new folder; parents are made if need be.

    Raises:
        UsageError: the folder is there already.
        FFError: it cannot be written; nothing is left of it.
    """
    check_free(folder)
    begun = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        begun.mkdir(parents=True)
        for name, data in files.items():
            write_whole(begun / name, data)
        begun.rename(folder)
        keep_names(folder.parent)
    except OSError as error:
        raise FFError(
            f"cannot write {folder}: {error.strerror or error}; choose another folder"
        ) from None
    finally:
        shutil.rmtree(begun, ignore_errors=True)
