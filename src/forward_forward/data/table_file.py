"""Tables from files: CSV, TSV and Parquet, as they are, with every way in which they may be broken told in one line."""

from __future__ import annotations

import csv
import gzip
import warnings
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forward_forward.data.source import told
from forward_forward.errors import DataError, install

if TYPE_CHECKING:
    from pandas import DataFrame

TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")
"""How the names of files that hold tables end."""
_ODD_METADATA = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""What pyarrow and pandas raise for a Parquet file whose own description makes no sense."""
MOST_COLUMNS = 10_000
MOST_HEADER = 2**22
"""Characters of a line of names, at most; `MOST_COLUMNS` names of 400 characters."""


def is_table(path: Path) -> bool:
    """Return whether a file's name says that it holds a table.

    Example:
        >>> is_table(Path("a.CSV")), is_table(Path("a.tsv.gz")), is_table(Path("a.png"))
        (True, True, False)
    """
    return path.name.lower().endswith(TABLES)


def read_table(path: Path) -> DataFrame:
    """Read a table: rows in their order, texts as they stand in a CSV, types as Parquet has them.

    A first column without a name, as pandas writes it, is the rows' index; without one, rows are numbered from 0.

    Arguments:
        path: `.csv` or `.tsv`, gzipped or plain, in UTF-8 with names in the first line, separated by commas, semicolons
            or tabs; or `.parquet`.

    Raises:
        DataError: the file is missing, damaged, empty, has no rows, two columns of one name, one without a name, or
            more than `MOST_COLUMNS`; or it is Parquet and pyarrow is not installed.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file; give a .csv, .tsv or .parquet file")
    with told(path):
        try:
            frame = _parquet(path) if path.suffix.lower() == ".parquet" else _separated(path)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"{path}: the gzip is corrupt ({error}); use another copy") from None
    if frame.empty:
        raise DataError(f"{path}: no rows below its names; there is nothing to learn from")
    return frame


def _separated(path: Path) -> DataFrame:
    import pandas as pd

    separator, names = _header(path)
    _check_names(path, names)
    with _opened(path) as stream, warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        try:
            frame = pd.read_csv(
                stream, sep=separator, dtype=str, index_col=False, header=None, names=range(len(names)),
                skiprows=1, skipinitialspace=True,
            )  # fmt: skip
        except UnicodeDecodeError as error:
            raise _not_utf8(path, error) from None
        except pd.errors.EmptyDataError:
            frame = pd.DataFrame(columns=range(len(names)))
        except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError) as error:
            raise DataError(f"{path}: no table that can be read ({_words(error)})") from None
    frame.columns = pd.Index(names, dtype=object)
    if names[0] == "":
        frame = frame.set_index("", drop=True).rename_axis(None)
    return frame


def _header(path: Path) -> tuple[str, list[str]]:
    """Return what separates the cells of a file, and its column names."""
    with _opened(path) as stream:
        try:
            line = stream.readline(MOST_HEADER)
        except UnicodeDecodeError as error:
            raise _not_utf8(path, error) from None
    if len(line) == MOST_HEADER:
        raise _too_many(path, "its first line is of more than 4 million characters")
    if not line.strip():
        raise DataError(f"{path}: empty, or an empty first line; it must name the columns")
    separator = max("\t,;" if ".tsv" in path.name.lower() else ",;\t", key=line.count)
    try:
        names = next(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise DataError(f"{path}: its first line cannot be read as names ({error})") from None
    return separator, [name.strip() for name in names]


def _check_names(path: Path, names: list[str]) -> None:
    if len(names) > MOST_COLUMNS:
        raise _too_many(path, f"{len(names):,} columns")
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    unnamed = [place for place, name in enumerate(names) if not name and place]
    if unnamed:
        raise DataError(f"{path}: column {unnamed[0] + 1} has no name; name it in the first line")
    if twice is not None:
        raise DataError(f"{path}: two columns are called {twice!r}; give each its own name")


def _parquet(path: Path) -> DataFrame:
    try:
        import pyarrow
        import pyarrow.parquet as pq
    except ImportError:
        text = f"{path}: reading Parquet needs pyarrow: {install('parquet')}"
        raise DataError(text) from None
    try:
        with path.open("rb") as stream:
            file = pq.ParquetFile(stream)
            names = [str(name) for name in file.schema_arrow.names]
            _check_names(path, names)
            table = file.read()
            # pandas finds out only where a text that is none is looked at
            table.validate(full=True)
            frame: DataFrame = table.to_pandas()
    except (pyarrow.ArrowException, *_ODD_METADATA) as error:
        raise DataError(f"{path}: no Parquet that can be read ({_words(error)})") from None
    frame.columns = frame.columns.map(str)
    return frame


def _opened(path: Path) -> Any:
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    opened: Any = gzip.open if packed else open
    return opened(path, "rt", encoding="utf-8-sig", newline="")


def _too_many(path: Path, what: str) -> DataError:
    return DataError(f"{path}: {what}, the most is {MOST_COLUMNS:,}; keep those that matter")


def _not_utf8(path: Path, error: UnicodeDecodeError) -> DataError:
    byte = error.object[error.start]
    return DataError(
        f"{path}: not a text in UTF-8 (it holds the byte {byte:#04x}); save it as CSV in UTF-8"
    )


def _words(error: Exception) -> str:
    text = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
    return text if len(text) < 200 else text[:200] + " …"
