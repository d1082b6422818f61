"""What maps a row of a table to inputs in [0, 1]: learned once, kept with the model, the same for every row to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forward_forward.data.cells import numbers_of, row_name, rows_named, texts_of
from forward_forward.encoding import Encoding
from forward_forward.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame

LARGEST = 1e100
"""Numbers beyond are no measurements, and their differences could overflow."""
MOST_TEXTS = 10_000
"""More choices than so many in a column are none that were learned."""


@dataclass(frozen=True)
class Columns:
    """Which columns of a table are read, and how.

    The inputs are those of the numbers by their `Encoding`, then one for each column of numbers in which some were
    missing, 1 where one is, then those of the choices, one of N each; a choice that was never learned is all zeros.

    Arguments:
        target: the column that is predicted; it is not read.
        numbers: names of the columns of numbers.
        fill: what stands for a missing number in each of them, their medians.
        flagged: whether "it is missing" is an input, for each of them.
        encoding: of the numbers; None where there are none.
        choices: name and texts of each column of texts; `MISSING` may be one of them.

    Example:
        >>> import pandas
        >>> encoding = Encoding(1, np.array([0]), np.array([0.0]), np.array([2.0]))  # one ramp, from 0 to 2
        >>> columns = Columns("y", ("a",), (1.0,), (True,), encoding, (("b", ("no", "yes")),))
        >>> columns(pandas.DataFrame({"b": ["yes", "perhaps"], "a": [0.5, None]})).tolist()
        [[0.25, 0.0, 0.0, 1.0], [0.5, 1.0, 0.0, 0.0]]
    """

    target: str
    numbers: tuple[str, ...]
    fill: tuple[float, ...]
    flagged: tuple[bool, ...]
    encoding: Encoding | None
    choices: tuple[tuple[str, tuple[str, ...]], ...]

    def __call__(self, frame: DataFrame) -> NDArray[np.float32]:
        """Return the inputs `[N, D]` of a table's rows; columns that are not read may be there or not.

        Raises:
            DataError: a column is missing, or a cell of a column of numbers is none; the message names it.
        """
        self.check_names(frame)
        numbers = self.numbers_in(frame)
        missing = np.isnan(numbers)
        parts = [missing[:, np.array(self.flagged, bool)]]
        if self.encoding is not None:
            filled = np.where(missing, np.array(self.fill), numbers)
            parts.insert(0, self.encoding(filled))
        for (_, known), column in zip(self.choices, self.choices_in(frame).T, strict=True):
            parts.append(column[:, None] == np.arange(len(known)))
        return np.concatenate([part.astype(np.float32) for part in parts], axis=1)

    def numbers_in(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return the columns of numbers, `[N, F]`, NaN where one is missing."""
        found = [checked_numbers(frame, name) for name in self.numbers]
        return np.stack(found, axis=1) if found else np.empty((len(frame), 0))

    def choices_in(self, frame: DataFrame) -> NDArray[np.int64]:
        """Return which of the known texts each cell of the other columns holds, `[N, G]`, −1 where none."""
        found = []
        for name, known in self.choices:
            index = {text: place for place, text in enumerate(known)}
            found.append([index.get(text, -1) for text in texts_of(frame[name])])
        return np.array(found, np.int64).reshape(len(self.choices), len(frame)).T

    def check_names(self, frame: DataFrame) -> None:
        """Raise a `DataError` for a table that lacks columns which are read."""
        lacking = [repr(name) for name in self.names if name not in frame.columns]
        if lacking:
            shown = ", ".join(lacking[:5]) + (", …" if len(lacking) > 5 else "")
            plural = "s" if len(lacking) > 1 else ""
            raise DataError(f"no column{plural} {shown}, which the model reads; add or rename it")

    @property
    def names(self) -> tuple[str, ...]:
        """All columns that are read."""
        return (*self.numbers, *(name for name, _ in self.choices))

    @property
    def width(self) -> int:
        """D, the number of inputs."""
        ramps = 0 if self.encoding is None else self.encoding.width
        return ramps + sum(self.flagged) + sum(len(known) for _, known in self.choices)

    def describe(self) -> dict[str, Any]:
        """Return what `of` makes the same from, as plain JSON."""
        return {
            "target": self.target,
            "numbers": list(self.numbers),
            "fill": list(self.fill),
            "flagged": list(self.flagged),
            "encoding": None if self.encoding is None else self.encoding.describe(),
            "choices": [[name, list(known)] for name, known in self.choices],
        }

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Columns:
        """Return what `describe` described.

        Raises:
            DataError: this describes no columns, or some that do not go together.
        """
        try:
            encoding = described["encoding"]
            columns = cls(
                str(described["target"]),
                tuple(map(str, described["numbers"])),
                tuple(map(float, described["fill"])),
                tuple(flag is True for flag in described["flagged"]),
                None if encoding is None else Encoding.of(encoding),
                tuple((str(name), tuple(map(str, known))) for name, known in described["choices"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            raise DataError("this describes no columns of a table; the file is damaged") from None
        columns._check()
        return columns

    def _check(self) -> None:
        encoded = 0 if self.encoding is None else self.encoding.features
        if not len(self.numbers) == len(self.fill) == len(self.flagged) == encoded:
            raise DataError("columns of numbers and what is known of them differ in number")
        names = (self.target, *self.names)
        if len(set(names)) != len(names):
            raise DataError("a column is named twice; the file is damaged")
        if not all(abs(value) <= LARGEST for value in self.fill):
            raise DataError("a column's median is no number; the file is damaged")
        for name, known in self.choices:
            if not 0 < len(known) <= MOST_TEXTS or len(set(known)) != len(known):
                raise DataError(f"the choices of {name!r} are none or twice the same")


def checked_numbers(frame: DataFrame, name: str) -> NDArray[np.float64]:
    """Return a column of numbers `[N]`, NaN where one is missing.

    Raises:
        DataError: a cell is no number, infinite or beyond `LARGEST`; the message names its row.
    """
    column = frame[name]
    numbers, odd = numbers_of(column)
    if odd.any():
        row = int(odd.argmax())
        raise DataError(
            f"column {name!r} holds numbers, but {str(column.iloc[row])[:40]!r} in {row_name(column, row)}; mend or "
            "empty that cell"
        )
    if (far := np.abs(numbers) > LARGEST).any():
        raise DataError(
            f"column {name!r}: {rows_named(column, far)} with a number that is infinite or beyond ±{LARGEST:g}; mend "
            "or empty it"
        )
    return numbers
