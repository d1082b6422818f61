"""What is counted, counted slowly; the compiler's own count is held to it in `test_c.py`."""

import numpy as np
import pytest

from forward_forward.export.budget import (
    EXAMPLES,
    FLOAT,
    INT8,
    KIB,
    LIMITS,
    Sizes,
    backpropagation_bytes,
    buffers,
    forward_forward_bytes,
    smallest_limit,
    table,
    widest,
)

NETS = [
    Sizes(64, 10, (30,)),
    Sizes(64, 10, (30, 20, 25), overlay=True),
    Sizes(5, 3, (40, 7, 60, 9)),
]


@pytest.mark.parametrize("sizes", NETS)
@pytest.mark.parametrize("passes", [1, 2])
def test_forward_forward_is_the_sum_of_its_arrays(sizes, passes):
    inputs, weights, places = sizes.inputs, 0, [sizes.inputs]
    for units in sizes.widths:
        weights += np.zeros((units, inputs + 1), np.float32).nbytes
        inputs = units
        places.append(units)
    vectors = [max(n + 1 for n in places[start::2]) for start in (0, 1)]
    assert list(buffers(sizes)) == vectors
    assert forward_forward_bytes(sizes, FLOAT, passes) == weights + 4 * passes * sum(vectors) + 4
    assert (
        forward_forward_bytes(sizes, INT8, passes) == weights // 4 + 2 * passes * sum(vectors) + 4
    )


@pytest.mark.parametrize("sizes", NETS)
def test_backpropagation_is_the_sum_of_its_arrays(sizes):
    below, weights, activities = sizes.pixels, 0, []
    for units in (*sizes.widths, sizes.classes):
        weights += units * below + units
        activities.append(units)
        below = units
    kept = sum(activities) + max(activities)
    assert backpropagation_bytes(sizes, FLOAT) == 4 * (weights + kept)
    assert backpropagation_bytes(sizes, FLOAT, gradient=True) == 4 * (2 * weights + kept)
    assert backpropagation_bytes(sizes, INT8, gradient=True) == weights + 2 * (weights + kept)


def test_activities_of_forward_forward_do_not_grow_with_depth():
    shallow, deep = Sizes(64, 10, (50,) * 2), Sizes(64, 10, (50,) * 20)
    layer = 50 * 51 * 4
    grown = [
        count(deep, FLOAT) - count(shallow, FLOAT) - 18 * layer
        for count in (forward_forward_bytes, backpropagation_bytes)
    ]
    assert grown == [0, 18 * 50 * 4]


@pytest.mark.parametrize("storage", [FLOAT, INT8])
@pytest.mark.parametrize("limit", LIMITS.values())
def test_the_widest_fits_and_one_more_does_not(limit, storage):
    units = widest(limit, 784, 10, 2, storage)
    assert units > 0
    assert forward_forward_bytes(Sizes(784, 10, (units,) * 2), storage) <= limit
    assert forward_forward_bytes(Sizes(784, 10, (units + 1,) * 2), storage) > limit


def test_where_nothing_fits_the_widest_is_none():
    assert widest(100, 784, 10, 2, INT8) == 0


def test_limits():
    assert [smallest_limit(n) for n in (64 * KIB, 64 * KIB + 1, KIB * KIB, KIB * KIB + 1)] == [
        "64 KiB",
        "256 KiB",
        "1 MiB",
        None,
    ]


def test_the_table_has_two_rows_a_net():
    rows = table(EXAMPLES)
    assert len(rows) == 2 * len(EXAMPLES)
    assert [row["numbers"] for row in rows[:2]] == ["float", "int8"]
    for row, sizes in zip(rows[::2], EXAMPLES, strict=True):
        assert row["widths"] == list(sizes.widths)
        assert row["forward_forward"] == forward_forward_bytes(sizes, FLOAT)
        assert row["backpropagation_with_gradient"] > row["forward_forward"]
