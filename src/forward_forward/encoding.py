"""Columns of any scale become many inputs in [0, 1], of which a net that looks at directions alone can read sizes.

A net of this package brings every input vector to the same length, so of one column it could only see the sign.
Here a column becomes several ramps, each of which rises from 0 to 1 over one part of the column's range: a larger value
has more of them up. That turns sizes into directions, and it lets columns be bent where the data lie densely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forward_forward.errors import CheckpointError, DataError

Floats = NDArray[np.float64]

WIDTH = 96
"""Up to so many ramps are made, mirror images apart; of more columns one each."""
MOST_RAMPS = 3
"""Of one column; chosen on held-out rows of tables, where 5, 8 and 16 did worse."""


@dataclass(frozen=True, eq=False)
class Encoding:
    """Input d is clip((x[column] − start) / (end − start), 0, 1): a ramp, which falls where end < start.

    References:
        Gorishniy et al. 2022, "On Embeddings for Numerical Features in Tabular Deep Learning": piecewise linear
        encoding by quantiles.

    Arguments:
        features: F, columns that are read.
        columns: of each input, `[D]` integers.
        starts, ends: of each input's ramp, `[D]`; no two are equal.

    Example:
        >>> values = np.array([[0.0, 7.0], [1.0, 7.0], [2.0, 7.0], [10.0, 7.0]])
        >>> encoding = Encoding.learned(values)  # the second column says nothing
        >>> encoding.width
        6
        >>> encoding(np.array([[1.5, 7.0]]))
        array([[1. , 0.5, 0. , 0. , 0.5, 1. ]])
        >>> Encoding.of(encoding.describe())(values).shape
        (4, 6)
    """

    features: int
    columns: NDArray[np.int64]
    starts: Floats
    ends: Floats

    @property
    def width(self) -> int:
        """Inputs that a row becomes, D."""
        return len(self.columns)

    @classmethod
    def learned(
        cls, values: Floats, weights: Floats | None = None, *, most: int = MOST_RAMPS
    ) -> Encoding:
        """Return the encoding that suits these rows: ramps between quantiles of each column.

        Of up to 48 columns each gets 2 or 3 ramps, and their mirror images: then all rows are about equally long, and
        no value is told by silence alone. Of more columns, as images have, each gets one ramp over its range, alone.
        A column with fewer values than that gets fewer ramps, and one with a single value none.

        Arguments:
            values: `[N, F]`, N > 0, finite.
            weights: of the rows, `[N]`, ≥ 0; None is 1 for each. A weight of 2 is a row that is there twice.
            most: ramps of one column.

        Raises:
            DataError: there is no row or column, or a value is not finite.
        """
        values = check_rows(values)
        weights = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64)
        ramps = max(1, min(most, WIDTH // values.shape[1]))
        edges = [_edges(column, weights, ramps) for column in values.T]
        if all(len(each) == 1 for each in edges):  # rows that are all alike still become an input
            first = edges[0] / 2
            edges[0] = np.concatenate([first, first + np.maximum(1, np.abs(first))])
        starts, ends = ([each[part] for each in edges] for part in (slice(-1), slice(1, None)))
        columns = np.repeat(np.arange(len(edges)), [len(each) - 1 for each in edges])
        low, high = np.concatenate(starts), np.concatenate(ends)
        if ramps > 1:
            columns = np.concatenate([columns, columns])
            low, high = np.concatenate([low, high]), np.concatenate([high, low])
        return cls(values.shape[1], columns, low, high)

    def __call__(self, values: Floats) -> Floats:
        """Return inputs `[N, D]` in [0, 1] of values `[N, F]`.

        Raises:
            DataError: rows of another length, or a value that is not finite.
        """
        values = check_rows(values, self.features)
        inputs = values[:, self.columns]
        with np.errstate(over="ignore"):  # beyond the largest number is beyond the end of a ramp
            inputs -= self.starts
            inputs *= _slopes(self.starts, self.ends)
        return np.clip(inputs, 0, 1, out=inputs)

    def describe(self) -> dict[str, Any]:
        """Return what `of` builds the same encoding from, as plain JSON."""
        return {
            "features": self.features,
            "columns": self.columns.tolist(),
            "starts": self.starts.tolist(),
            "ends": self.ends.tolist(),
        }

    @classmethod
    def of(cls, described: dict[str, Any]) -> Encoding:
        """Return the encoding that `describe` described.

        Raises:
            CheckpointError: this describes none.
        """
        try:
            features = int(described["features"])
            columns = np.array(described["columns"], dtype=np.int64)
            starts, ends = (np.array(described[name], np.float64) for name in ("starts", "ends"))
            fits = columns.shape == starts.shape == ends.shape == (len(columns),) and len(columns)
            if not fits or columns.min() < 0 or columns.max() >= features:
                raise ValueError("its columns, starts and ends do not fit one another")
            if not np.isfinite([starts, ends, _slopes(starts, ends)]).all():
                raise ValueError("it has a ramp without a slope")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise CheckpointError(f"this describes no encoding: {error!r}") from None
        return cls(features, columns, starts, ends)


def check_rows(values: Any, features: int | None = None) -> Floats:
    """Return values as `[N, F]` numbers.

    Arguments:
        values: whatever numpy makes an array of.
        features: F; None is any number of columns, 1 or more.

    Raises:
        DataError: there is no row or column, rows are of another length, or a value is no number or not finite.
    """
    try:
        values = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"these are no rows of numbers: {error}") from None
    if values.ndim != 2 or not values.size or features not in (None, values.shape[1]):
        wanted = "at least one row and one column" if features is None else f"rows of {features}"
        raise DataError(f"values of shape {values.shape}; give {wanted}")
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0].tolist()
        raise DataError(
            f"row {row}, column {column} holds {values[row, column]}; fill in or leave out what is missing"
        )
    return values


def _edges(entries: Floats, weights: Floats, ramps: int) -> Floats:
    """Return where ramps of a column begin and end, rising: its distinct values if few, else weighted quantiles."""
    order = np.argsort(entries, kind="stable")
    rising, weights = entries[order], weights[order]
    rising, weights = rising[weights > 0], weights[weights > 0]
    last = np.append(rising[1:] != rising[:-1], True)
    distinct, total = rising[last], np.cumsum(weights)[last]
    if len(distinct) > ramps + 1:
        levels = total[-1] * np.arange(1, ramps) / ramps
        inner = distinct[np.searchsorted(total, levels)]
        distinct = np.unique(np.concatenate([distinct[:1], inner, distinct[-1:]]))
    apart = np.isfinite(_slopes(distinct[:-1], distinct[1:]))
    return distinct if apart.all() else distinct[np.append(True, apart)]


def _slopes(starts: Floats, ends: Floats) -> Floats:
    """Return 1 / (end − start) without overflow; infinite where the two are too near."""
    with np.errstate(divide="ignore", over="ignore"):
        return 0.5 / (ends / 2 - starts / 2)
