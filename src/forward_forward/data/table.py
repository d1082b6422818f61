"""A table of one's own as a data set: rows become inputs in [0, 1], one column is what is to be predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forward_forward.data.arrays import is_arrays, read_examples
from forward_forward.data.cells import MISSING, holds_dates, other_kind, rows_named, texts_of
from forward_forward.data.columns import Columns
from forward_forward.data.dataset import Dataset
from forward_forward.data.examples import Split
from forward_forward.data.learned_columns import check_column, learned_columns
from forward_forward.data.own_labels import (
    check_learned,
    class_names_of,
    indices_of,
    labels_in,
    no_labels,
    parts_of,
    rare,
)
from forward_forward.data.source import Source
from forward_forward.data.table_file import MOST_COLUMNS, read_table
from forward_forward.errors import DataError, UsageError

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class Table(Dataset):
    """Rows of a table, encoded, and what encoded them.

    Arguments:
        columns: learned from the training rows alone.
        learned: the training rows as they were read, to learn the columns of a part of them anew; None keeps `columns`.
    """

    columns: Columns = field(kw_only=True)
    learned: DataFrame | None = None

    @property
    def unit(self) -> str:
        """What its examples are called."""
        return "rows"

    def for_validation(self) -> Table:
        """Split the training set alone, as `Dataset` does; columns are learned anew from the part that is learned."""
        parts = super().for_validation()
        if self.learned is None or not isinstance(parts, Table):
            return replace(self, name=parts.name, train=parts.train, test=parts.test)
        first, device = len(parts.train), self.train.images.device
        seen, rest = self.learned.iloc[:first], self.learned.iloc[first:]
        columns, _ = learned_columns(seen, self.columns.target)
        train = _split(columns, seen, self.class_names).to(device)
        test = _split(columns, rest, self.class_names).to(device)
        shape = (1, 1, columns.width)
        return replace(parts, shape=shape, train=train, test=test, columns=columns, learned=seen)


def load_table(path: Path, target: str | None = None, without: Sequence[str] = ()) -> Table:
    """Read a table to learn from; a fifth of each class is for the test.

    Arguments:
        path: what `read_table` reads.
        target: the column to predict; None takes the last.
        without: columns that are not to be read.

    Raises:
        DataError: the table cannot be read or learned from; the message says why.
        UsageError: a column that was named is not there.
    """
    frame, tested = read_rows(path)
    if is_arrays(path) and target == "label" and target not in frame:
        raise no_labels(path)
    return table_of(path.name, frame, target, without, tested, Source.of(path))


def table_of(
    name: str,
    frame: DataFrame,
    target: str | None = None,
    without: Sequence[str] = (),
    tested: NDArray[np.bool_] | None = None,
    source: Source | None = None,
) -> Table:
    """Return the `Table` of a pandas frame; as `load_table`.

    Arguments:
        name: as errors and records spell it.
        frame, target, without: as there.
        tested: which rows are for the test; None takes a fifth of each class.
        source: what was read.

    Example:
        >>> import pandas
        >>> frame = pandas.DataFrame({"x": [0.0, 1, 2, 3, 4, 5], "y": ["low"] * 3 + ["high"] * 3})
        >>> table = table_of("toy", frame)
        >>> table.class_names, len(table.train), len(table.test), table.columns.numbers
        (('high', 'low'), 4, 2, ('x',))
    """
    target = str(frame.columns[-1]) if target is None else target
    if target in without:
        raise UsageError(
            f"--without {target}: this is the column to predict; choose another with --target"
        )
    frame, labels, tested, missing = _labelled(name, frame, target, tested)
    if tested is not None and not tested.any():
        raise DataError(f"{name}: the rows for the test have no labels; name them `y_test`")
    class_names = class_names_of(f"{name}, column {target!r}", labels)
    numbers = indices_of(labels, class_names)
    parts = parts_of(name, numbers, tested)
    check_learned(name, numbers, parts[0], class_names)
    train, test = (frame.iloc[rows] for rows in parts)
    columns, left_out = learned_columns(train, target, without)
    notes = [missing, *(f"not read: {why}" for why in left_out), rare(numbers, class_names)]
    return Table(
        name,
        len(class_names),
        (1, 1, columns.width),
        _split(columns, train, class_names),
        _split(columns, test, class_names),
        class_names,
        source=source,
        notes=(f"predicts the column {target!r}", *filter(None, notes)),
        columns=columns,
        learned=train[[*columns.names, target]],
    )


def known_table(path: Path, columns: Columns, class_names: tuple[str, ...], learned: bool) -> Table:
    """Read a table to judge a model on that has learned its columns and classes.

    Arguments:
        path: what `read_table` reads.
        columns, class_names: the model's.
        learned: whether the model learned from this very file; then it is split as it was, else all rows are for the
            test.

    Raises:
        DataError: the table cannot be read, lacks a column, or has a class that the model does not know.
    """
    name = path.name
    frame, tested = read_rows(path)
    if columns.target not in frame:
        raise DataError(
            f"{name}: no column {columns.target!r}, which the model predicts; there is nothing to judge by"
        )
    frame, labels, tested, missing = _labelled(name, frame, columns.target, tested)
    numbers = indices_of(labels, class_names)
    if not len(numbers):
        raise DataError(f"{name}: no row with a {columns.target!r}; there is nothing to judge by")
    if (unknown := numbers < 0).any():
        rows = rows_named(frame[columns.target], unknown)
        raise DataError(
            f"{name}: {rows} of a class that the model does not know, such as {labels[int(unknown.argmax())]!r}; leave "
            "them out"
        )
    train = test = _split(columns, frame, class_names)
    if learned:
        parts = parts_of(name, numbers, tested)
        train, test = (Split(train.images[rows], train.labels[rows]) for rows in parts)
    shape, notes = (1, 1, columns.width), (missing,) if missing else ()
    return Table(
        name, len(class_names), shape, train, test, class_names, notes=notes, columns=columns
    )  # fmt: skip


def read_rows(path: Path) -> tuple[DataFrame, NDArray[np.bool_] | None]:
    """Read the rows of a table, or of an array `[N, F]`, whose columns are x0, x1, … and `label`.

    Returns:
        The rows, and which of them are for the test, where the file says so.

    Raises:
        DataError: it cannot be read.
    """
    if not is_arrays(path):
        return read_table(path), None
    import pandas as pd

    values, labels, test_values, test_labels = read_examples(path)
    frame = _array_frame(path, values, labels)
    if test_values is None:
        return frame, None
    tests = _array_frame(path, test_values, test_labels)
    if values is not None and test_values.shape[1] != values.shape[1]:
        raise DataError(
            f"{path}: rows of {values.shape[1]} numbers to learn from, and of {test_values.shape[1]} for the test; "
            "give both the same columns"
        )
    tested = np.arange(len(frame) + len(tests)) >= len(frame)
    return pd.concat([frame, tests], ignore_index=True), tested


def _array_frame(path: Path, values: Any, labels: Any) -> DataFrame:
    import pandas as pd

    if values.ndim != 2 or values.dtype.kind not in "buif" or not values.size:
        raise DataError(
            f"{path}: an array of {values.shape} {values.dtype}; give rows of numbers, (N, F)"
        )
    if values.shape[1] > MOST_COLUMNS:
        raise DataError(f"{path}: {values.shape[1]:,} columns, the most is {MOST_COLUMNS:,}")
    frame = pd.DataFrame(values.astype(np.float64))
    frame.columns = pd.Index([f"x{number}" for number in range(values.shape[1])])
    return frame if labels is None else frame.assign(label=labels_in(path, labels, len(values)))


def _labelled(
    name: str, frame: DataFrame, target: str, tested: NDArray[np.bool_] | None
) -> tuple[DataFrame, list[str], NDArray[np.bool_] | None, str | None]:
    """Return the rows that have a label, their labels, which are for the test, and, in words, which have none."""
    check_column(frame, target, "--target")
    odd = "dates" if holds_dates(frame[target]) else other_kind(frame[target])
    if odd is not None:
        raise DataError(
            f"{name}, column {target!r}: {odd}, which are no classes; choose another with --target"
        )
    labels = texts_of(frame[target])
    missing = labels == MISSING
    rows = rows_named(frame[target], missing)
    said = f"left out: {rows} without a {target!r}" if missing.any() else None
    kept = None if tested is None else tested[~missing]
    return frame[~missing], labels[~missing].tolist(), kept, said


def _split(columns: Columns, frame: DataFrame, class_names: Sequence[str]) -> Split:
    import torch

    labels = indices_of(texts_of(frame[columns.target]).tolist(), class_names)
    return Split(torch.from_numpy(columns(frame)), torch.from_numpy(labels))
