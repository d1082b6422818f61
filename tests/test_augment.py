"""Jitter: whole-pixel shifts, all of them, and nothing else."""

import pytest
import torch

from forward_forward.augment import Jitter
from forward_forward.errors import DataError, UsageError
from toys import generator, uniform

SHAPE = (2, 6, 5)


def shifted(image, down, right):
    """Return an image `[C, H, W]` moved, with black coming in, the slow way."""
    moved = torch.zeros_like(image)
    _, height, width = image.shape
    for i in range(height):
        for j in range(width):
            if 0 <= i - down < height and 0 <= j - right < width:
                moved[:, i, j] = image[:, i - down, j - right]
    return moved


def test_every_shift_comes_and_no_other():
    image = uniform(1, 60, dtype=torch.float32)
    out = Jitter(SHAPE)(image.repeat(1000, 1), generator())
    every = {
        tuple(shifted(image.view(SHAPE), down, right).flatten().tolist())
        for down in range(-2, 3)
        for right in range(-2, 3)
    }
    found = {tuple(row.tolist()) for row in out}
    assert found == every
    assert len(found) == 25
    counts = torch.unique(out, dim=0, return_counts=True)[1]
    assert counts.min() > 15
    assert counts.max() < 75


def test_no_pixels_no_change():
    images = uniform(7, 60, dtype=torch.float32)
    assert Jitter(SHAPE, pixels=0)(images, generator()).equal(images)


def test_images_are_not_mixed_up():
    images = torch.arange(1.0, 6.0)[:, None].repeat(1, 60)
    out = Jitter(SHAPE, pixels=1)(images, generator())
    for i, row in enumerate(out):
        assert set(row.tolist()) <= {0.0, i + 1.0}


@pytest.mark.parametrize("pixels", [-1, 5, 6])
def test_a_shift_out_of_the_image_is_refused(pixels):
    with pytest.raises(UsageError):
        Jitter(SHAPE, pixels=pixels)


@pytest.mark.parametrize("shape", [(3, 59), (60,), (3, 2, 30)])
def test_images_of_another_size_are_told(shape):
    with pytest.raises(DataError, match="give the shape of these data"):
        Jitter(SHAPE)(uniform(*shape), generator())


@pytest.mark.parametrize(
    ("shape", "pixels"), [((6, 5), 1), ((1, 1, 6, 5), 1), (None, 1), (SHAPE, 1.5), (SHAPE, "1")]
)
def test_shapes_and_shifts_that_mean_nothing_are_refused(shape, pixels):
    with pytest.raises(UsageError, match=r"give \(channels|no whole number"):
        Jitter(shape, pixels)


def test_no_images_stay_none():
    assert Jitter(SHAPE, 1)(torch.zeros(0, 60), generator()).shape == (0, 60)
