"""Weights start from N(0, 1/fan_in), drawn from the generator alone."""

import pytest
import torch

from forward_forward.labels import concatenate, overlay
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from toys import generator


def test_the_scale_is_that_of_the_fan_in():
    weight = Dense(400, 100, generator=generator()).weight
    assert weight.mean().item() == pytest.approx(0, abs=0.001)
    assert weight.std().item() == pytest.approx(1 / 20, rel=0.02)


@pytest.mark.parametrize(("place", "fan_in"), [(overlay, 400), (concatenate, 410)])
def test_label_and_image_count_as_one_vector(place, fan_in):
    layer = LabelledDense(400, 10, 100, place=place, generator=generator())
    image = layer.weight[10:] if place is overlay else layer.weight
    assert image.std().item() == pytest.approx(fan_in**-0.5, rel=0.02)
    assert layer.label_weight.std().item() == pytest.approx(fan_in**-0.5, rel=0.1)
    assert bool(layer.weight[:10].any()) is (place is concatenate)


@pytest.mark.parametrize("make", [lambda g: Dense(20, 10, generator=g),
                                  lambda g: LabelledDense(20, 3, 10, generator=g)])  # fmt: skip
def test_the_same_seed_the_same_bits(make):
    before = torch.get_rng_state()
    first, again, other = make(generator(0)), make(generator(0)), make(generator(1))
    assert torch.get_rng_state().equal(before)
    assert first.weight.equal(again.weight)
    assert not first.weight.equal(other.weight)
    assert not first.bias.any()
    kept = first.weight.detach().clone()
    first.reset_parameters(generator(1))
    assert first.weight.equal(other.weight)
    first.reset_parameters(generator(0))
    assert first.weight.equal(kept)
