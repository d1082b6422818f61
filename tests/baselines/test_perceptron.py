"""The matched net: He's weights from the generator alone, and no chance beside it."""

import math

import pytest
import torch

from forward_forward.baselines.backprop import Perceptron
from forward_forward.errors import FFError, UsageError
from toys import generator, uniform

IMAGES = uniform(5, 12, dtype=torch.float32)


def test_it_is_rectified_layers_and_a_linear_one():
    net = Perceptron(12, 3, [9, 8], generator=generator(), dtype=torch.float64)
    first, second, last = net.linears
    h = IMAGES.double()
    for linear in (first, second):
        h = (h @ linear.weight.t() + linear.bias).clamp(min=0)
    torch.testing.assert_close(net(IMAGES.double()), h @ last.weight.t() + last.bias)
    assert net(IMAGES.double()).shape == (5, 3)


def test_weights_start_as_he_said():
    net = Perceptron(300, 10, [400, 200], generator=generator())
    for linear, variance in zip(net.linears, (2 / 300, 2 / 400, 1 / 200), strict=True):
        assert linear.weight.std().item() == pytest.approx(variance**0.5, rel=0.05)
        assert not linear.bias.any()


def test_the_same_seed_the_same_bits_and_the_global_state_untouched():
    before = torch.get_rng_state()
    first, again, other = (Perceptron(12, 3, [9], generator=generator(s)) for s in (0, 0, 1))
    assert first(IMAGES).equal(again(IMAGES))
    assert not first(IMAGES).equal(other(IMAGES))
    assert torch.get_rng_state().equal(before)


def test_dropout_is_off_when_not_training():
    net = Perceptron(12, 3, [50], generator=generator(), dropout=0.5).eval()
    plain = Perceptron(12, 3, [50], generator=generator())
    assert net(IMAGES).equal(plain(IMAGES))


@pytest.mark.parametrize("sizes", [(0, 3, [9]), (12, 0, [9]), (12, 3, [0]), (12, 3, [9, -1])])
def test_sizes_are_above_zero(sizes):
    in_features, classes, widths = sizes
    with pytest.raises(FFError, match="above 0"):
        Perceptron(in_features, classes, widths, generator=generator())


@pytest.mark.parametrize("dropout", [-0.1, 1.0, 1.5, float("nan")])
def test_dropout_is_a_share(dropout):
    with pytest.raises(FFError, match="dropout"):
        Perceptron(12, 3, [9], generator=generator(), dropout=dropout)


def test_pixels_are_left_out_in_training_alone():
    net = Perceptron(12, 3, [50], generator=generator(), input_dropout=0.5)
    plain = Perceptron(12, 3, [50], generator=generator())
    kept = (uniform(5, 12, seed=4, dtype=torch.float32) >= 0.5) / 0.5
    assert net(IMAGES, generator(4)).equal(plain(IMAGES * kept))
    assert net.eval()(IMAGES).equal(plain(IMAGES))


def test_leaving_out_takes_a_generator():
    with pytest.raises(FFError, match="generator"):
        Perceptron(12, 3, [9], generator=generator(), dropout=0.1)(IMAGES)


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_input_dropout_is_a_share(share):
    with pytest.raises(FFError, match="of the input"):
        Perceptron(12, 3, [9], generator=generator(), input_dropout=share)


def test_standardised_pixels_are_part_of_the_net():
    """The same answers as of a net that is shown standardised images, and in what it is built from again."""
    images = uniform(6, 12, dtype=torch.float32)
    plain, own = (
        Perceptron(12, 3, [5], generator=generator(), **pixels)
        for pixels in ({}, {"pixel_mean": 0.5, "pixel_std": 0.25})
    )
    assert own(images).equal(plain((images - 0.5) / 0.25))
    assert own.config() == plain.config() | {"pixel_mean": 0.5, "pixel_std": 0.25}


@pytest.mark.parametrize("pixels", [{"pixel_std": 0}, {"pixel_std": -1}, {"pixel_mean": math.nan}])
def test_pixels_of_no_images_are_refused(pixels):
    with pytest.raises(UsageError, match="deviation"):
        Perceptron(12, 3, [5], generator=generator(), **pixels)
