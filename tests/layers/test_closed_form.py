"""The fast, closed-form step against autograd in float64, over every goodness × loss × normalisation."""

from functools import partial

import pytest
import torch

from forward_forward import goodness, losses
from forward_forward.discover import members
from forward_forward.labels import concatenate, one_of_n, overlay
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.slopes import slope_of
from forward_forward.spec import NORMALIZATIONS
from forward_forward.training.reference import reference_gradients

GOODNESS = list(members(goodness).values())
LOSSES = [c for name, c in members(losses).items() if name != "Loss"]
BATCH, CLASSES, PIXELS, UNITS = 7, 3, 11, 6


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def codes(seed: int) -> torch.Tensor:
    labels = (random(BATCH, seed=seed) * CLASSES).long()
    return one_of_n(labels, CLASSES, random(1)).unsqueeze(0)


def assert_equal_to_autograd(layer: LocalLayer, pos, neg, block) -> None:
    peer = layer.peer.state_dict() if layer.peer is not None else None
    expected = reference_gradients(layer, pos, neg)
    if peer is not None:
        layer.peer.mean_activity.fill_(0.5)
    layer.learn(block)
    for parameter, gradient in zip(layer.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-9)
    assert any(gradient.abs().max() > 1e-6 for gradient in expected)


@pytest.mark.parametrize("place", [overlay, concatenate])
@pytest.mark.parametrize("norm", NORMALIZATIONS.values(), ids=NORMALIZATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("good", GOODNESS)
def test_labelled_first_layer(good, loss, norm, place) -> None:
    layer = LabelledDense(
        PIXELS, CLASSES, UNITS, place=place, normalization=norm, goodness=good, loss=loss(),
        peer=0.1, generator=torch.Generator().manual_seed(1), dtype=torch.float64,
    )  # fmt: skip
    images, right, wrong = random(BATCH, PIXELS), codes(2), codes(3)
    shared = layer.project(images)
    block = (shared, torch.cat([right, wrong]))
    assert_equal_to_autograd(layer, (images, right), (images, wrong), block)


@pytest.mark.parametrize("peer", [0.0, 0.1])
@pytest.mark.parametrize("norm", NORMALIZATIONS.values(), ids=NORMALIZATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("good", GOODNESS)
def test_hidden_layer(good, loss, norm, peer) -> None:
    generator = torch.Generator().manual_seed(1)
    layer = Dense(
        PIXELS,
        UNITS,
        goodness=good,
        loss=loss(),
        peer=peer,
        generator=generator,
        dtype=torch.float64,
    )
    pos, neg = norm(random(BATCH, PIXELS, seed=4)), norm(random(BATCH, PIXELS, seed=5))
    assert_equal_to_autograd(layer, (pos,), (neg,), (torch.cat([pos, neg]),))


@pytest.mark.parametrize("blocks", [2, 3, 6])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("good", GOODNESS)
def test_blocks(good, loss, blocks) -> None:
    layer = Dense(
        PIXELS,
        UNITS,
        goodness=good,
        loss=loss(),
        peer=0.1,
        blocks=blocks,
        generator=torch.Generator().manual_seed(1),
        dtype=torch.float64,
    )
    pos, neg = random(BATCH, PIXELS, seed=4), random(BATCH, PIXELS, seed=5)
    assert_equal_to_autograd(layer, (pos,), (neg,), (torch.cat([pos, neg]),))


def test_rows_that_are_sure_may_be_left_out() -> None:
    """With a steep threshold most slopes vanish; the compressed gradient is still autograd's."""
    generator = torch.Generator().manual_seed(1)
    layer = Dense(PIXELS, 40, peer=0.1, generator=generator, dtype=torch.float64)
    pos, neg = 6 * random(64, PIXELS, seed=4), 0.1 * random(64, PIXELS, seed=5)
    pos[0] *= 0.2
    slopes = torch.cat(layer.loss.slopes(*layer.goodness(layer(torch.cat([pos, neg]))).chunk(2)))
    assert 0 < (slopes.abs() > 1e-17).sum() < 64
    assert_equal_to_autograd(layer, (pos,), (neg,), (torch.cat([pos, neg]),))


def test_gradients_accumulate_with_decay_and_share() -> None:
    layer = Dense(PIXELS, UNITS, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    block = (random(2 * BATCH, PIXELS),)
    layer.learn(block)
    once = [p.grad.clone() for p in layer.parameters()]
    layer.learn(block, decay=0.9, share=0.1)
    for parameter, gradient in zip(layer.parameters(), once, strict=True):
        torch.testing.assert_close(parameter.grad, 0.9 * gradient + 0.1 * gradient)


@pytest.mark.parametrize("good", GOODNESS)
def test_stated_slope_is_the_derivative(good) -> None:
    y = random(BATCH, UNITS)
    stated = slope_of(good, y)
    derived = slope_of(partial(good), y)
    torch.testing.assert_close(stated, derived, rtol=1e-12, atol=1e-12)
