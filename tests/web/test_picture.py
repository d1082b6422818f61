"""Drawings become images as MNIST's were made."""

import base64

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forward_forward.errors import DataError
from forward_forward.web.picture import as_read, centred, packed, resized, unpacked


def blob(side=96, top=10, left=60, height=40, width=20):
    image = np.zeros((1, side, side), np.float32)
    image[0, top : top + height, left : left + width] = 1
    return image


def test_bytes_there_and_back():
    image = np.arange(12, dtype=np.float32).reshape(3, 2, 2) / 255
    assert np.array_equal(unpacked(packed(image), (3, 2, 2)), image)


@pytest.mark.parametrize(
    "text", ["%%%%", "AAA", "A" * 9, "é", "AA\0A", base64.b64encode(b"x" * 5).decode()]
)
def test_bytes_that_are_none(text):
    with pytest.raises(DataError):
        unpacked(text, (1, 2, 2))


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_resizing_keeps_the_mean_and_the_range(height, width, new_height, new_width, seed):
    image = np.random.default_rng(seed).random((1, height, width)).astype(np.float32)
    small = resized(image, new_height, new_width)
    assert small.shape == (1, new_height, new_width)
    assert small.mean() == pytest.approx(image.mean(), abs=1e-4)
    assert image.min() - 1e-4 <= small.min() <= small.max() <= image.max() + 1e-4


def test_resizing_to_whole_parts_is_the_mean_of_blocks():
    image = np.random.default_rng(0).random((3, 12, 8)).astype(np.float32)
    blocks = image.reshape(3, 4, 3, 4, 2).mean((2, 4))
    np.testing.assert_allclose(resized(image, 4, 4), blocks, rtol=1e-5)


def test_what_is_drawn_fits_a_box_of_twenty_and_lies_in_the_middle():
    made = centred(blob(), (1, 28, 28))[0]
    rows, columns = np.flatnonzero(made.any(1)), np.flatnonzero(made.any(0))
    assert rows[-1] - rows[0] + 1 == 20
    assert columns[-1] - columns[0] + 1 == 10
    for axis in range(2):
        mass = made.sum(1 - axis)
        middle = (mass * (np.arange(28) + 0.5)).sum() / mass.sum()
        assert middle == pytest.approx(14, abs=0.51)


@given(st.integers(0, 50), st.integers(0, 70))
@settings(max_examples=30, deadline=None)
def test_where_and_how_large_something_is_drawn_makes_no_difference(top, left):
    there = centred(blob(top=top, left=left), (1, 28, 28))
    assert np.array_equal(there, centred(blob(), (1, 28, 28)))
    larger = centred(np.kron(blob(), np.ones((1, 2, 2), np.float32)), (1, 28, 28))
    np.testing.assert_allclose(larger, there, atol=1e-5)


def test_small_images_are_filled_and_a_heavy_edge_stays_inside():
    image = blob(top=0, left=0, height=96, width=10)
    image[0, :10] = 1
    made = centred(image, (1, 8, 8))
    assert made[0, 0].any() and made[0, 7].any()
    lopsided = centred(image, (1, 28, 28))
    assert lopsided.sum() == pytest.approx(resized(image, 20, 20).sum(), rel=1e-4)


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 8, 8), (3, 32, 32), (1, 5, 9)])
def test_blank_and_faint_drawings_stay_blank(shape):
    image = np.full((shape[0], 96, 96), 0.05, np.float32)
    assert not centred(image, shape).any()


def test_a_dot_is_an_image():
    image = np.zeros((1, 96, 96), np.float32)
    image[0, 95, 0] = 1
    made = centred(image, (1, 28, 28))
    assert made.shape == (1, 28, 28)
    assert 0 < made.sum() <= 400


def test_an_image_of_the_models_own_size_is_read_as_it_is():
    image = np.random.default_rng(0).random((3, 32, 32)).astype(np.float32)
    assert as_read(image, (3, 32, 32), centre=False) is image
    assert as_read(image, (3, 16, 16), centre=False).shape == (3, 16, 16)
    with pytest.raises(DataError, match="3 channels; this model reads 1"):
        as_read(image, (1, 28, 28), centre=True)


def test_test_images_of_mnist_kind_come_back_nearly_as_they_were():
    """An image in a box of 20 pixels in the middle of 28 is what centring makes."""
    draw = np.random.default_rng(0)
    image = np.zeros((1, 28, 28), np.float32)
    image[0, 4:24, 4:24] = draw.random((20, 20)) * 0.5 + 0.5
    large = np.kron(image, np.ones((1, 4, 4), np.float32))
    np.testing.assert_allclose(centred(large, (1, 28, 28)), image, atol=1e-5)
