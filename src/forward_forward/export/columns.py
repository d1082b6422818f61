"""The columns of a table as inputs of an ONNX graph: what encodes them is a part of it."""

import json
from collections.abc import Sequence

import numpy as np

from forward_forward.data.columns import Columns
from forward_forward.export.graph import Graph, Value

FLOAT = 1
"""ONNX's number of the type float32."""


def read_columns(graph: Graph, columns: Columns) -> Value:
    """Return the inputs `[N, D]` that a graph makes of a table's columns, as `columns` does.

    It gets two inputs, each only where there are such columns: `numbers [N, F]`, float64, NaN where one is missing, and
    `choices [N, G]`, int64, which of the known texts each cell holds, −1 for none of them.
    """
    parts = []
    if columns.encoding is not None:
        parts = _numbers(graph, columns)
    if columns.choices:
        choices = graph.input("choices", ["N", len(columns.choices)], np.int64)
        column = [g for g, (_, known) in enumerate(columns.choices) for _ in known]
        texts = [place for _, known in columns.choices for place in range(len(known))]
        asked = graph.op("Gather", choices, graph.axes(*column), axis=1)
        parts.append(_float(graph.op("Equal", asked, graph.axes(*texts))))
    return parts[0] if len(parts) == 1 else graph.op("Concat", *parts, axis=1)


def columns_file(columns: Columns, class_names: Sequence[str]) -> bytes:
    """Return, as a JSON file, how `numbers` and `choices` are filled from a table, and what the labels mean."""
    described = {
        "class_names": list(class_names),
        "numbers": list(columns.numbers),
        "choices": dict(columns.describe()["choices"]),
        "columns": columns.describe(),
    }
    return (json.dumps(described, indent=1, ensure_ascii=False) + "\n").encode()


def _numbers(graph: Graph, columns: Columns) -> list[Value]:
    """Return the ramps of the numbers, and 1 for each that is missing where that is an input."""
    encoding = columns.encoding
    assert encoding is not None
    numbers = graph.input("numbers", ["N", encoding.features], np.float64)
    missing = graph.op("IsNaN", numbers)
    filled = graph.op("Where", missing, graph.constant(columns.fill, np.float64), numbers)
    picked = graph.op("Gather", filled, graph.axes(*encoding.columns.tolist()), axis=1)
    slopes = 0.5 / (encoding.ends / 2 - encoding.starts / 2)
    risen = picked - graph.constant(encoding.starts, np.float64)
    shares = risen * graph.constant(slopes, np.float64)
    ends = (graph.constant(end, np.float64) for end in (0.0, 1.0))
    parts = [_float(graph.op("Clip", shares, *ends))]
    flagged = [column for column, flag in enumerate(columns.flagged) if flag]
    if flagged:
        parts.append(_float(graph.op("Gather", missing, graph.axes(*flagged), axis=1)))
    return parts


def _float(value: Value) -> Value:
    return value.graph.op("Cast", value, to=FLOAT)
