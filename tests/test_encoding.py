"""Encodings: in [0, 1], rising, by weights as by repetition, and back from JSON."""

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forward_forward.encoding import Encoding
from forward_forward.errors import CheckpointError, DataError

DRAW = np.random.default_rng(0)
VALUES = DRAW.normal(size=(50, 3)) * [1, 100, 1e-9]


@settings(max_examples=100, deadline=None)
@given(arrays(np.float64, (6, 2), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_whatever_is_finite_becomes_inputs_in_0_to_1(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoding = Encoding.learned(values)
        for rows in (values, -values, values[::-1] / 3):
            inputs = encoding(rows)
            assert inputs.shape == (6, encoding.width)
            assert ((inputs >= 0) & (inputs <= 1)).all()


def test_ramps_follow_the_values():
    column = np.sort(VALUES[:, :1], axis=0)
    inputs = Encoding.learned(column)(column)
    half = inputs.shape[1] // 2
    assert (np.diff(inputs[:, :half], axis=0) >= 0).all()
    np.testing.assert_allclose(inputs[:, half:], 1 - inputs[:, :half], atol=1e-12)
    assert (np.diff(inputs[:, :half].sum(1)) > 0).all()


def test_a_weight_is_a_repetition_and_0_an_absence():
    counts = DRAW.integers(0, 4, 50)
    weighed = Encoding.learned(VALUES, counts.astype(float))
    assert weighed.describe() == Encoding.learned(VALUES.repeat(counts, axis=0)).describe()
    assert weighed.describe() != Encoding.learned(VALUES).describe()


def test_the_order_of_rows_does_not_matter():
    assert Encoding.learned(VALUES[::-1]).describe() == Encoding.learned(VALUES).describe()


@pytest.mark.parametrize(("columns", "width"), [(1, 6), (32, 192), (48, 192), (49, 49), (784, 784)])
def test_many_columns_are_not_blown_up(columns, width):
    assert Encoding.learned(DRAW.random((20, columns))).width == width


def test_few_values_make_few_ramps_and_one_makes_none():
    table = np.c_[[0, 1, 0, 1, 1.0], [5, 5, 5, 5, 5.0], [1, 2, 3, 4, 5.0]]
    assert np.bincount(Encoding.learned(table).columns, minlength=3).tolist() == [2, 0, 6]
    assert Encoding.learned(np.full((3, 2), 4.0)).width == 2


def test_a_description_is_json_that_gives_the_encoding_back():
    encoding = Encoding.learned(VALUES)
    again = Encoding.of(json.loads(json.dumps(encoding.describe())))
    assert (again(VALUES) == encoding(VALUES)).all()


@pytest.mark.parametrize(
    "change",
    [
        {"features": 1},
        {"features": "many"},
        {"columns": [0]},
        {"columns": None},
        {"columns": []},
        {"starts": [[0.0]]},
        {"ends": "x"},
        {"ends": [float("inf")] * 18},
        {"ends": [float("nan")] * 18},
    ],
)
def test_a_damaged_description_is_refused(change):
    described = Encoding.learned(VALUES).describe()
    assert len(described["ends"]) == 18
    with pytest.raises(CheckpointError, match="describes no encoding"):
        Encoding.of(described | change)
    with pytest.raises(CheckpointError, match="describes no encoding"):
        Encoding.of([described])


def test_a_ramp_without_a_slope_is_refused():
    described = Encoding.learned(VALUES).describe()
    with pytest.raises(CheckpointError, match="slope"):
        Encoding.of(described | {"ends": described["starts"]})


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((0, 2)),
        np.zeros((2, 0)),
        np.zeros(3),
        np.array([[1.0, np.nan]]),
        [[1.0], [1.0, 2.0]],
        [["wide", "high"]],
        [[None, {}]],
    ],
)
def test_what_cannot_be_encoded_is_refused(values):
    with pytest.raises(DataError):
        Encoding.learned(values)
    with pytest.raises(DataError):
        Encoding.learned(np.zeros((2, 2)))(values)
