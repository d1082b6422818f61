"""Data of one's own, whatever file or folder they lie in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from forward_forward.data.arrays import INPUTS, is_arrays, read_arrays
from forward_forward.data.columns import Columns
from forward_forward.data.dataset import Dataset, names
from forward_forward.data.own_images import known_images, load_images
from forward_forward.data.source import Source
from forward_forward.data.table import known_table, load_table
from forward_forward.data.table_file import is_table
from forward_forward.errors import DataError, UsageError

KINDS = ".csv, .tsv, .parquet or .npz file, or a folder with a folder of pictures per class"


def is_path(data: str) -> bool:
    """Return whether this is the path of a file or folder, and not the name of a data set; `./mnist` may be one.

    Example:
        >>> is_path("mnist"), is_path("table.csv"), is_path("./mnist"), is_path("minst")
        (False, True, True, False)
    """
    if not data or data in names():
        return False
    path = Path(data)
    said = data.startswith((".", "~")) or path.is_absolute()
    return said or is_table(path) or is_arrays(path) or path.exists()


def load_own(
    path: Path,
    target: str | None = None,
    without: Sequence[str] = (),
    size: int | None = None,
    watch: Callable[[int, int], None] = lambda done, of: None,
) -> Dataset:
    """Read data of one's own to learn from.

    Arguments:
        path: a table, arrays, or a folder of pictures.
        target, without: of a table, as `load_table` takes them.
        size: of pictures, as `load_folder` takes it.
        watch: told how many pictures are read.

    Raises:
        DataError: there is nothing of that kind there, or it cannot be learned from.
        UsageError: an option is for data of another kind.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; give a {KINDS}")
    if size is not None and not (path.is_dir() and size > 0):
        raise UsageError(f"--size {size}: the height and width of pictures in a folder, above 0")
    tabular = is_table(path) or (is_arrays(path) and holds_rows(path))
    if (target is not None or without) and not tabular:
        raise UsageError(f"--target and --without name columns of a table, which {path} is not")
    if tabular:
        return load_table(path, "label" if is_arrays(path) and target is None else target, without)
    if path.is_dir() or is_arrays(path):
        return load_images(path, size, watch)
    raise DataError(f"{path}: no kind of file that is known here; give a {KINDS}")


def known_data(
    path: Path,
    columns: Columns | None,
    shape: tuple[int, int, int],
    class_names: tuple[str, ...],
    source: Source | None = None,
    scaled: bool = False,
) -> Dataset:
    """Read data to judge a model on: all of them, or, if the model learned from them, the part that was for the test.

    Arguments:
        path: of the same kind as what the model learned from.
        columns, shape, class_names, source, scaled: the model's.

    Raises:
        DataError: they cannot be read, or the model cannot read them.
    """
    if not path.exists():
        raise DataError(f"{path}: no such file or folder; give a {KINDS}")
    learned = source is not None and Source.of(path).sha256 == source.sha256
    if columns is not None:
        if path.is_dir() or not (is_table(path) or is_arrays(path)):
            raise DataError(f"{path}: no table, but the model reads the rows of one")
        return known_table(path, columns, class_names, learned)
    if not (path.is_dir() or is_arrays(path)):
        raise DataError(
            f"{path}: the model reads images; give a .npz file, or a folder of pictures"
        )
    return known_images(path, shape, class_names, scaled, learned)


def holds_rows(path: Path) -> bool:
    """Return whether the array in a file is a table: rows `[N, F]` of numbers that are not bytes of images."""
    (values,) = read_arrays(path, INPUTS)
    return values is not None and values.ndim == 2 and values.dtype != "uint8"
