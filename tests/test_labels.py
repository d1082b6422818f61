"""Codes of labels, and the place where a label sits."""

import pytest
import torch

from forward_forward.errors import DataError
from forward_forward.labels import concatenate, every_label, neutral, one_of_n, overlay
from toys import labels_of, uniform


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_of_n(dtype):
    labels = labels_of(20).view(4, 5)
    codes = one_of_n(labels, 3, torch.empty(0, dtype=dtype))
    assert codes.shape == (4, 5, 3)
    assert codes.dtype == dtype
    assert codes.argmax(-1).equal(labels)
    assert codes.sum(-1).equal(torch.ones(4, 5, dtype=dtype))


def test_the_neutral_label_favours_nobody():
    code = neutral(10, torch.empty(0, dtype=torch.float64))
    assert code.shape == (1, 1, 10)
    assert code.unique().tolist() == [0.1]


def test_every_label_once():
    codes = every_label(3, torch.empty(0))
    assert codes.equal(one_of_n(torch.arange(3), 3, torch.empty(0)).unsqueeze(1))


def test_overlay_clears_a_copy():
    images = uniform(4, 7)
    before = images.clone()
    placed = overlay(images, 3)
    assert images.equal(before)
    assert placed[:, :3].count_nonzero() == 0
    assert placed[:, 3:].equal(images[:, 3:])


@pytest.mark.parametrize("pixels", [2, 3])
def test_overlay_needs_room_for_the_label_and_an_image(pixels):
    with pytest.raises(DataError, match="no room"):
        overlay(torch.zeros(4, pixels), 3)


def test_concatenation_leaves_the_image():
    images = uniform(4, 7)
    assert concatenate(images, 3).equal(images)
