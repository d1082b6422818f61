"""Where data files lie: a folder given, or `$FF_DATA`, or the user's cache."""

import os
from collections.abc import Iterable
from pathlib import Path

from forward_forward.errors import DataError


def roots(data_dir: Path | None = None) -> list[Path]:
    """Return the folders that may hold `<name>/<file>`, in the order they are searched.

    Arguments:
        data_dir: if given, the only one.

    Example:
        >>> [str(root) for root in roots(Path("here"))]
        ['here']
    """
    if data_dir is not None:
        return [_expanded(Path(data_dir), "--data-dir")]
    from platformdirs import user_cache_path

    cache = user_cache_path("forward-forward", appauthor=False)
    named = os.environ.get("FF_DATA")
    return [_expanded(Path(named), "FF_DATA"), cache] if named else [cache]


def _expanded(path: Path, option: str) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise DataError(f"{option} {path}: no such user's folder; give the whole path") from None


def present(folder: Path, file: str) -> Path | None:
    """Return the path of `file` in `folder`, as it is or unpacked (without `.gz`), if it is there.

    Example:
        >>> present(Path("/nowhere"), "a.gz") is None
        True
    """
    candidates = (folder / file, folder / file.removesuffix(".gz"))
    return next((path for path in candidates if path.is_file()), None)


def complete(name: str, files: Iterable[str], data_dir: Path | None = None) -> list[Path] | None:
    """Return the paths of `files` in the first folder that holds them all, or None.

    Example:
        >>> complete("mnist", ["a.gz"], Path("/nowhere")) is None
        True
    """
    for root in roots(data_dir):
        paths = [present(root / name, file) for file in files]
        found = [path for path in paths if path is not None]
        if len(found) == len(paths):
            return found
    return None


def locate(name: str, files: Iterable[str], data_dir: Path | None = None) -> list[Path]:
    """Return the paths of `files` of the data set `name`, in their order.

    Arguments:
        name: the data set, and so the name of its folder.
        files: file names, `.gz` if packed; each may also lie there unpacked.
        data_dir: the only folder to search for `<name>/`; see `roots`.

    Raises:
        DataError: no folder holds them all; the message says where it looked and what to run.

    Example:
        >>> locate("mnist", ["a.gz"], Path("/nowhere"))
        Traceback (most recent call last):
        ...
        forward_forward.errors.DataError: mnist is not on this machine: looked in /nowhere/mnist \
(no a.gz); run `ff data fetch mnist --data-dir /nowhere`
    """
    files = list(files)
    found = complete(name, files, data_dir)
    if found is None:
        looked = looked_in(name, files, data_dir)
        option = "" if data_dir is None else f" --data-dir {data_dir}"
        raise DataError(
            f"{name} is not on this machine: looked in {looked}; run `ff data fetch {name}{option}`"
        )
    return found


def looked_in(folder: str, files: list[str], data_dir: Path | None = None) -> str:
    """Say in which folders the files were looked for, and what each of them lacks."""
    return ", ".join(
        f"{root / folder} (no {_first_missing(root / folder, files)})" for root in roots(data_dir)
    )


def _first_missing(folder: Path, files: list[str]) -> str | None:
    return next((file for file in files if present(folder, file) is None), None)
