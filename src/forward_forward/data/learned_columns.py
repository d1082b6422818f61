"""From the training rows of a table to what is read of it: which columns, and how each becomes inputs."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forward_forward.data.cells import (
    MISSING,
    holds_commas,
    holds_dates,
    numbers_of,
    other_kind,
    row_name,
    texts_of,
)
from forward_forward.data.columns import Columns, checked_numbers
from forward_forward.encoding import Encoding
from forward_forward.errors import DataError, UsageError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

MOST_CHOICES = 50
"""Columns of more different texts are names, numbers of things, remarks: no net can learn from one row of a kind."""
FEWEST_ROWS = 20
"""From so many rows on, a text that is new in every other row is taken for a name."""


@dataclass
class _Found:
    """What is known of the columns looked at so far; a note says why one is left out."""

    numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def learned_columns(
    frame: DataFrame, target: str, without: Sequence[str] = ()
) -> tuple[Columns, list[str]]:
    """Return how a table is to be read, and which columns are left out and why, a line each.

    Numbers stay numbers; texts and truth values become choices. A column that says nothing is left out: one that is
    empty or the same in every row, that counts the rows, or whose texts are too many to be choices.

    Arguments:
        frame: the training rows, and no others.
        target: is not read.
        without: more columns that are not to be read.

    Raises:
        DataError: a column holds dates, numbers with commas, or mostly numbers but not only; or none is left to read.
        UsageError: there is no column of a name in `without`.
    """
    for name in without:
        check_column(frame, name, "--without")
    found = _Found()
    for name in frame.columns:
        if name != target and name not in without:
            _look(found, frame, name)
    if not found.numbers and not found.choices:
        why = f" ({'; '.join(found.notes)})" if found.notes else ""
        raise DataError(f"no column to learn {target!r} from{why}; add columns that tell of it")
    medians = [float(np.nanmedian(values)) for values in found.numbers.values()]
    filled = [
        np.where(np.isnan(values), median, values)
        for values, median in zip(found.numbers.values(), medians, strict=True)
    ]
    columns = Columns(
        target,
        tuple(found.numbers),
        tuple(medians),
        tuple(bool(np.isnan(values).any()) for values in found.numbers.values()),
        Encoding.learned(np.stack(filled, axis=1)) if filled else None,
        tuple(found.choices.items()),
    )
    return columns, found.notes


def check_column(frame: DataFrame, name: str, option: str) -> None:
    """Raise a `UsageError` that names near ones where a table has no column of this name."""
    if name not in frame.columns:
        names = list(map(str, frame.columns))
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = (
            f"did you mean {' or '.join(map(repr, near))}?"
            if near
            else f"there are {', '.join(names[:10])}"
        )
        raise UsageError(f"{option} {name}: no such column; {hint}")


def _look(found: _Found, frame: DataFrame, name: str) -> None:
    column = frame[name]
    filled = int(column.notna().sum())
    if kind := other_kind(column):
        found.notes.append(f"{name!r} holds {kind}")
        return
    if holds_dates(column):
        raise DataError(
            f"column {name!r} holds dates or times; turn them into numbers, such as days since a start, or leave it "
            f"out: --without {name!r}"
        )
    if holds_commas(column):
        raise DataError(
            f"column {name!r} holds numbers with commas, such as {str(column.dropna().iloc[0])[:40]!r}; write 1.5 for "
            f"1,5 and 1000 for 1,000, or leave it out: --without {name!r}"
        )
    numbers, odd = numbers_of(column)
    if not filled:
        found.notes.append(f"{name!r} is empty")
    elif not odd.any():
        _look_at_numbers(found, name, checked_numbers(frame, name))
    elif np.isfinite(numbers).sum() >= 0.9 * filled:
        row = int(odd.argmax())
        raise DataError(
            f"column {name!r} holds numbers, but {str(column.iloc[row])[:40]!r} in {row_name(column, row)}; mend or "
            f"empty that cell, or leave the column out: --without {name!r}"
        )
    else:
        _look_at_texts(found, name, column)


def _look_at_numbers(found: _Found, name: str, numbers: NDArray[np.float64]) -> None:
    distinct = np.unique(numbers[~np.isnan(numbers)])
    counts = len(distinct) == len(numbers) >= FEWEST_ROWS and bool((np.mod(distinct, 1) == 0).all())
    if len(distinct) == 1 and not np.isnan(numbers).any():
        found.notes.append(f"{name!r} is the same in every row")
    elif counts and distinct[-1] - distinct[0] < 2 * len(distinct):
        found.notes.append(f"{name!r} counts the rows")
    else:
        found.numbers[name] = numbers


def _look_at_texts(found: _Found, name: str, column: Series[Any]) -> None:
    texts = texts_of(column)
    known = sorted(set(texts.tolist()))
    different = len(set(known) - {MISSING})
    if len(known) == 1:
        found.notes.append(f"{name!r} is the same in every row")
    elif different > MOST_CHOICES or (len(texts) >= FEWEST_ROWS and 2 * different > len(texts)):
        found.notes.append(f"{name!r} has {different:,} different texts in {len(texts):,} rows")
    else:
        found.choices[name] = tuple(known)
