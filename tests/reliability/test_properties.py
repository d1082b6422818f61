"""What holds of any layer, loss and normalisation whatever the numbers, beside the tests of each part."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forward_forward.layers.dense import Dense
from forward_forward.losses import SiLU, SymBa, ThresholdLogistic
from forward_forward.spec import NORMALIZATIONS
from forward_forward.training.reference import reference_gradients
from toys import GOODNESS, LOSSES, network, normal, uniform

EXAMPLES = 40
few = settings(max_examples=EXAMPLES, deadline=None)
sizes, seeds, scales = (
    st.integers(1, 9),
    st.integers(0, 10**6),
    st.floats(-2, 6).map(lambda e: 10.0**e),
)
SCALED = {name: norm for name, norm in NORMALIZATIONS.items() if norm.power}
goodnesses, losses, norms = (
    st.sampled_from(list(known.values())) for known in (GOODNESS, LOSSES, SCALED)
)


def dense(inputs, units, seed, **parts):
    made = torch.Generator().manual_seed(seed)
    return Dense(inputs, units, generator=made, dtype=torch.float64, **parts)


def gradients(layer, block):
    for parameter in layer.parameters():
        parameter.grad = None
    layer.learn((block,))
    return [parameter.grad.clone() for parameter in layer.parameters()]


@few
@given(sizes, sizes, seeds, scales, norms)
def test_a_normalised_output_has_one_length_whatever_went_in(rows, units, seed, scale, norm):
    y = uniform(rows, units, seed=seed) + 0.1
    totals = norm.total(norm(y * scale))
    assert torch.allclose(totals, totals[:1].expand_as(totals), rtol=1e-3)


@few
@given(seeds, st.floats(-2, 3).map(lambda e: 10.0**e))
def test_from_the_second_layer_on_the_scale_of_what_is_below_is_not_seen(seed, scale):
    net = network(seed)
    y = uniform(5, net.layers[0].units, seed=seed, dtype=torch.float32) + 0.1
    plain, scaled = (net.layers[1](net.normalization(value)) for value in (y, y * scale))
    torch.testing.assert_close(plain, scaled, rtol=1e-4, atol=1e-5)


@few
@given(st.integers(1, 6), sizes, sizes, seeds, goodnesses)
def test_swapping_positives_and_negatives_turns_the_update_round(rows, inputs, units, seed, good):
    """Of SymBa at equal goodness exactly; of any pair, the slope of each row changes its sign."""
    g_pos, g_neg = normal(rows, seed=seed), normal(rows, seed=seed + 1)
    for loss in (SymBa(2.0), ThresholdLogistic(0.5)):
        (a, b), (c, d) = loss.slopes(g_pos, g_neg), loss.slopes(g_neg, g_pos)
        assert bool((a < 0).all() and (b > 0).all() and (c < 0).all() and (d > 0).all())
    x = uniform(rows, inputs, seed=seed)
    layer = dense(inputs, units, seed, goodness=good, loss=SymBa(2.0))
    other = uniform(rows, inputs, seed=seed + 2)
    small = 1e-6  # two passes that differ by so little have nearly the same goodness
    there = gradients(layer, torch.cat([x, x + small * other]))
    back = gradients(layer, torch.cat([x + small * other, x]))
    for a, b in zip(there, back, strict=True):
        torch.testing.assert_close(a, -b, rtol=1e-3, atol=1e-9)


@few
@given(st.integers(1, 6), sizes, sizes, seeds, goodnesses, losses, st.sampled_from([0.0, 0.1]))
def test_the_closed_form_is_autograd(rows, inputs, units, seed, good, loss, peer):
    layer = dense(inputs, units, seed, goodness=good, loss=loss(), peer=peer)
    pos, neg = uniform(rows, inputs, seed=seed), uniform(rows, inputs, seed=seed + 1)
    expected = reference_gradients(layer, (pos,), (neg,))
    if layer.peer is not None:
        layer.peer.mean_activity.fill_(0.5)
    for a, b in zip(gradients(layer, torch.cat([pos, neg])), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-8)


@few
@given(st.integers(1, 6), sizes, sizes, seeds, goodnesses, losses)
def test_a_batch_is_the_mean_of_its_samples(rows, inputs, units, seed, good, loss):
    layer = dense(inputs, units, seed, goodness=good, loss=loss())
    pos, neg = uniform(rows, inputs, seed=seed), uniform(rows, inputs, seed=seed + 1)
    whole = gradients(layer, torch.cat([pos, neg]))
    singles = [gradients(layer, torch.stack([pos[i], neg[i]])) for i in range(rows)]
    for index, gradient in enumerate(whole):
        mean = torch.stack([single[index] for single in singles]).mean(0)
        torch.testing.assert_close(gradient, mean, rtol=1e-9, atol=1e-9)


def test_how_many_are_tried(count):
    assert {SiLU, SymBa, ThresholdLogistic} == set(LOSSES.values())
    count("11 properties", properties=5, examples_each=EXAMPLES)
