"""The cells of a table's columns as numbers and as texts; both know which cells are missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pandas import Series

MISSING = ""
"""The text of a cell that is empty."""
_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_COMMA = re.compile(r"[+-]?\d[\d.]*(,\d+)+")
_DATE = re.compile(r"(\d{4}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{2,4}|\d\d?:\d\d)\b.*", re.DOTALL)


def texts_of(column: Series[Any]) -> NDArray[np.object_]:
    """Return each cell as text without spaces around it, `MISSING` where it is empty; 3.0 is the same text as 3.

    Example:
        >>> import pandas
        >>> texts_of(pandas.Series([3.0, None, 0.5])).tolist(), texts_of(pandas.Series([True, False])).tolist()
        (['3', '', '0.5'], ['True', 'False'])
    """
    missing = column.isna().to_numpy(bool)
    cells = column.astype(object).to_numpy()
    texts = np.full(len(cells), MISSING, object)
    for row in np.flatnonzero(~missing):
        texts[row] = text_of(cells[row])
    return texts


def text_of(cell: Any) -> str:
    """Return the text of a cell that is there, without spaces around it; 3.0 is the same text as 3.

    Example:
        >>> text_of(3.0), text_of(" 3.00"), text_of(0.5)
        ('3', '3', '0.5')
    """
    text = str(cell).strip()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def numbers_of(column: Series[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return each cell as a number, NaN where it is none, and which cells are neither numbers nor missing.

    Example:
        >>> import pandas
        >>> numbers, odd = numbers_of(pandas.Series(["1", " 2.5", None, "many"]))
        >>> numbers.tolist(), odd.tolist()
        ([1.0, 2.5, nan, nan], [False, False, False, True])
    """
    import pandas as pd

    types = pd.api.types
    if types.is_bool_dtype(column) or not (
        types.is_numeric_dtype(column) or _holds_texts(column.dtype)
    ):
        return np.full(len(column), np.nan), column.notna().to_numpy(bool)
    if not types.is_numeric_dtype(column):
        column = column.astype("str").str.strip().replace(MISSING, None)
    elif types.is_complex_dtype(column):
        return np.full(len(column), np.nan), np.ones(len(column), bool)
    read = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return read, np.isnan(read) & column.notna().to_numpy(bool)


def holds_dates(column: Series[Any]) -> bool:
    """Return whether a column holds dates or times of day.

    Example:
        >>> import pandas
        >>> holds_dates(pandas.Series(["2024-02-29", "2024-3-1 12:00", None]))
        True
    """
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column) or str(column.dtype).startswith("timedelta"):
        return True
    return _mostly(_DATE, column)


def holds_commas(column: Series[Any]) -> bool:
    """Return whether a column holds numbers with commas in them, as in 1,5 or 1,000.

    Example:
        >>> import pandas
        >>> holds_commas(pandas.Series(["1,5", "-2,25", None])), holds_commas(pandas.Series(["a,b", "1.5"]))
        (True, False)
    """
    return _mostly(_COMMA, column)


def other_kind(column: Series[Any]) -> str | None:
    """Return in words what a column holds that is neither numbers nor texts, such as lists or bytes; None: nothing.

    Example:
        >>> import pandas
        >>> other_kind(pandas.Series(["a", [1, 2]])), other_kind(pandas.Series(["a", 1.5]))
        ('cells of type list', None)
    """
    if not _holds_texts(column.dtype):
        return None
    kinds = (list, tuple, dict, set, bytes, np.ndarray)
    odd = (f"cells of type {type(cell).__name__}" for cell in column if isinstance(cell, kinds))
    return next(odd, None)


def row_name(column: Series[Any], row: int) -> str:
    """Return how a row is called: by its index, or by its number, counted from 0."""
    return f"row {column.index[row]}"


def rows_named(column: Series[Any], which: NDArray[np.bool_], most: int = 3) -> str:
    """Return the first rows of which this holds, in words: '4 rows (0, 2, 5, …)'.

    Example:
        >>> import pandas
        >>> rows_named(pandas.Series([1, 2, 3]), np.array([True, False, True]))
        '2 rows (0, 2)'
    """
    rows = np.flatnonzero(which)
    shown = ", ".join(str(column.index[row]) for row in rows[:most])
    more = ", …" if len(rows) > most else ""
    return f"{len(rows):,} row{'s' * (len(rows) != 1)} ({shown}{more})"


def _mostly(form: re.Pattern[str], column: Series[Any]) -> bool:
    """Return whether of the first 200 texts in a column nine in ten have this form."""
    if not _holds_texts(column.dtype):
        return False
    first = [str(cell).strip() for cell in column.dropna().iloc[:200]]
    found = sum(form.fullmatch(text) is not None for text in first)
    return bool(first) and found >= 0.9 * len(first)


def _holds_texts(dtype: Any) -> bool:
    import pandas as pd

    return pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype)
