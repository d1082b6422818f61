"""One step to a goodness of one's choice: exact, without a turn, in any order (Hinton 2022, §6)."""

import math

import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from forward_forward.beyond.black_box import BlackBox, boxed
from forward_forward.beyond.exact import (
    exact_rate,
    increments,
    jump,
    jump_layer,
    shares,
    squared_lengths,
)
from forward_forward.beyond.student_t import StudentT
from forward_forward.errors import UsageError
from forward_forward.goodness import sum_of_squares
from forward_forward.hardware.piece_layers import PieceDense
from forward_forward.hardware.pieces import Piece
from forward_forward.labels import concatenate, overlay
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.layers.local_fields import LocalFields
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import length, unit_length
from toys import CLASSES, PIXELS, generator, network, normal, uniform

thorough = settings(max_examples=500, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32)
sizes = st.integers(1, 8)
lengths = st.floats(-2, 2).map(lambda power: 10**power)
ratios = st.floats(-4, 4).map(lambda power: 10**power)
fractions = st.floats(0.01, 1)


def dense(seed, wide, units, bias):
    layer = Dense(wide, units, bias=bias, generator=generator(seed), dtype=torch.float64)
    if bias:
        layer.bias.data = normal(units, seed=seed + 1) * 0.3
    return layer


def labelled(seed, units, place, normalization):
    layer = LabelledDense(
        PIXELS, CLASSES, units, place=place, strength=2.0, pixel_mean=0.3, pixel_std=0.4,
        normalization=normalization, generator=generator(seed), dtype=torch.float64,
    )  # fmt: skip
    layer.bias.data = normal(units, seed=seed + 1) * 0.3
    return layer


def goodness_of(layer, *inputs):
    """Return Σ y² and the activities y, by a pass of their own."""
    y = layer(*inputs)[0]
    return sum(value**2 for value in y.tolist()), y


def turn(before, after):
    """Return how far two vectors of length 1 are apart."""
    return float((before / before.norm() - after / after.norm()).abs().max())


def stacked(seed, bias=0.3):
    """Return a net of three layers, in which any unit may be off, and one input."""
    net = FeedForward.dense(
        PIXELS, CLASSES, [6, 7, 5], generator=generator(seed), normalization=unit_length, head=False,
        place=concatenate, dtype=torch.float64,
    )  # fmt: skip
    for index, layer in enumerate(net.layers):
        layer.bias.data = normal(layer.units, seed=seed + index) * bias
    code = torch.eye(CLASSES, dtype=torch.float64)[seed % CLASSES].view(1, 1, -1)
    return net, (uniform(1, PIXELS, seed=seed), code)


def inputs_of(net, inputs, index):
    """Return what layer `index` receives, by a fresh pass from below."""
    for _, y in zip(range(index), net.activities(*inputs), strict=False):
        inputs = (net.normalization(y),)
    return inputs


@thorough
@given(seeds, sizes, sizes, lengths, ratios, st.booleans(), st.booleans())
def test_one_step_reaches_the_goal_and_turns_nothing(
    seed, wide, units, size, ratio, bias, moved_too
):
    layer = dense(seed, wide, units, bias)
    h = normal(1, wide, seed=seed + 2)
    h *= size / h.norm()
    before, y = goodness_of(layer, h)
    assume(before > 1e-2 * max(size**2, float(bias)))
    goal = before * ratio
    done = jump_layer(layer, (h,), goal, biases=moved_too)
    after, moved = goodness_of(layer, h)
    assert after == pytest.approx(goal, rel=1e-6)
    assert turn(y, moved) <= 1e-12
    assert (moved > 0).equal(y > 0)
    assert done.possible
    assert done.goodness == pytest.approx(before, rel=1e-12)
    assert done.reached == pytest.approx(goal, rel=1e-12)
    assert done.rate * (goal - before) >= 0


@thorough
@given(seeds, sizes, st.sampled_from([overlay, concatenate]), st.sampled_from([length, unit_length]),
       ratios, st.integers(0, CLASSES - 1))  # fmt: skip
def test_image_and_label_are_one_input(seed, units, place, normalization, ratio, label):
    layer = labelled(seed, units, place, normalization)
    inputs = uniform(1, PIXELS, seed=seed + 2), torch.eye(CLASSES).double()[label].view(1, 1, -1)
    before, y = goodness_of(layer, *inputs)
    assume(before > 1e-2 * (1 if normalization is unit_length else PIXELS))
    jump_layer(layer, inputs, before * ratio)
    after, moved = goodness_of(layer, *inputs)
    assert after == pytest.approx(before * ratio, rel=1e-6)
    assert turn(y, moved) <= 1e-12
    if place is overlay:
        assert not layer.weight[:CLASSES].any()


@thorough
@given(seeds, st.permutations(range(3)), st.lists(st.floats(0.1, 10), min_size=3, max_size=3))
@example(0, [0, 1, 2], [100.0, 0.1, 10.0])
@example(0, [2, 1, 0], [100.0, 0.1, 10.0])
def test_the_order_of_layers_does_not_matter(seed, order, changes):
    (at_once, inputs), (one_by_one, _) = stacked(seed), stacked(seed)
    before = [float(y.square().sum()) for y in at_once.activities(*inputs)]
    assume(min(before) > 0.05)
    goals = [g * change for g, change in zip(before, changes, strict=True)]
    jump(at_once, inputs, goals)
    for index in order:  # a fresh pass for every layer: it sees what the others have become
        jump_layer(one_by_one.layers[index], inputs_of(one_by_one, inputs, index), goals[index])
    # the normalisation's 1e-10 beside S is all that differs
    for a, b in zip(at_once.parameters(), one_by_one.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-9)
    for net in (at_once, one_by_one):
        after = [float(y.square().sum()) for y in net.activities(*inputs)]
        assert after == pytest.approx(goals, rel=1e-6)


@thorough
@given(seeds, sizes, sizes, lengths, st.booleans(), st.floats(-0.9, 3))
def test_the_step_is_along_the_gradient_of_the_goodness(seed, wide, units, size, bias, rate):
    layer = dense(seed, wide, units, bias)
    h = normal(1, wide, seed=seed + 2) * size
    parameters, vectors = zip(*shares(layer, (h,)), strict=True)
    goodness = sum_of_squares(layer.preactivation(h).relu()).sum()
    gradients = torch.autograd.grad(goodness, parameters)
    steps = increments(vectors, layer(h)[0], rate)
    for step, gradient in zip(steps, gradients, strict=True):
        expected = gradient * rate / (2 * squared_lengths(vectors))
        torch.testing.assert_close(step.view_as(gradient), expected, rtol=1e-9, atol=1e-12)


@thorough
@given(seeds, sizes, ratios, fractions)
def test_a_share_of_the_step_leads_to_a_known_goodness(seed, units, ratio, fraction):
    layer, h = dense(seed, 4, units, True), normal(1, 4, seed=seed + 2)
    before, y = goodness_of(layer, h)
    assume(before > 0.05)
    jump_layer(layer, (h,), before * ratio, fraction=fraction)
    after, moved = goodness_of(layer, h)
    expected = (1 + fraction * (math.sqrt(ratio) - 1)) ** 2 * before
    assert after == pytest.approx(expected, rel=1e-6)
    assert turn(y, moved) <= 1e-12


@thorough
@given(seeds, sizes, st.floats(0, 1e6), st.booleans())
def test_from_no_activity_no_step_leads_away(seed, units, goal, moved_too):
    layer, h = dense(seed, 4, units, True), normal(1, 4, seed=seed + 2)
    layer.bias.data.sub_(100)
    weights = [p.clone() for p in layer.parameters()]
    done = jump_layer(layer, (h,), goal, biases=moved_too)
    assert (done.goodness, done.rate, done.possible, done.reached) == (0.0, 0.0, False, 0.0)
    assert all(a.equal(b) for a, b in zip(layer.parameters(), weights, strict=True))


@settings(deadline=None, derandomize=True)
@given(seeds, sizes, st.booleans())
def test_a_goal_of_zero_silences(seed, units, moved_too):
    layer, h = dense(seed, 4, units, True), normal(1, 4, seed=seed + 2)
    before, _ = goodness_of(layer, h)
    jump_layer(layer, (h,), 0.0, biases=moved_too)
    assert goodness_of(layer, h)[0] <= 1e-24 * max(before, 1)


def test_a_silent_layer_hands_nothing_on():
    net, inputs = stacked(0, bias=0.0)
    done = jump(net, inputs, [0.0, 2.0, 2.0], biases=False)
    assert [each.possible for each in done] == [True] * 3
    after = [float(y.square().sum()) for y in net.activities(*inputs)]
    assert max(after) < 1e-9


def test_a_layer_that_was_silent_is_told_and_the_others_jump():
    net, inputs = stacked(1)
    net.layers[1].bias.data.sub_(100)
    done = jump(net, inputs, [3.0, 2.0, 1.0])
    assert [each.possible for each in done] == [True, False, True]  # the third has its biases
    after = [float(y.square().sum()) for y in net.activities(*inputs)]
    assert after == pytest.approx([3, 0, 1], rel=1e-6)


def test_a_layer_that_receives_nothing_can_move_by_its_biases_alone():
    still, moving, fresh = (dense(0, 4, 6, bias=True) for _ in range(3))
    nothing = torch.zeros(1, 4, dtype=torch.float64)
    assert not jump_layer(still, (nothing,), 2.0, biases=False).possible
    assert all(a.equal(b) for a, b in zip(still.parameters(), fresh.parameters(), strict=True))
    assert jump_layer(moving, (nothing,), 2.0).possible
    assert goodness_of(moving, nothing)[0] == pytest.approx(2)


def test_single_precision_is_as_exact_as_it_can_be():
    net = network(peer=0.0)
    inputs = uniform(1, PIXELS, dtype=torch.float32), torch.eye(CLASSES)[:1].unsqueeze(0)
    jump(net, inputs, [9.0, 4.0, 0.25])
    after = [float(y.square().sum()) for y in net.activities(*inputs)]
    assert after == pytest.approx([9, 4, 0.25], rel=1e-5)


@pytest.mark.parametrize("image", [math.nan, math.inf])
def test_what_is_no_number_moves_nothing(image):
    net, (pixels, code) = stacked(0)
    weights = [p.clone() for p in net.parameters()]
    pixels[0, 5] = image
    done = jump(net, (pixels, code), [1.0] * 3)
    assert not done[0].possible
    assert net.layers[0].weight.equal(weights[0])
    assert all(p.isfinite().all() for p in net.parameters())


@pytest.mark.parametrize(
    ("goodness", "goal", "rate"),
    [(4, 9, 0.5), (9, 4, -1 / 3), (4, 4, 0), (4, 0, -1), (0, 5, 0), (0, 0, 0),
     (math.nan, 1, 0), (math.inf, 1, 0), (5e-324, 1e10, 0)],
)  # fmt: skip
def test_the_rate_by_hand(goodness, goal, rate):
    assert exact_rate(goodness, goal) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("goal", "fraction"),
    [(-1.0, 1.0), (math.nan, 1.0), (math.inf, 1.0), (1.0, 0.0), (1.0, 1.5), (1.0, math.nan)],
)
def test_goals_and_shares_that_cannot_be_are_refused(goal, fraction):
    net, inputs = stacked(0)
    weights = [p.clone() for p in net.parameters()]
    with pytest.raises(UsageError, match="0 or more"):
        exact_rate(1.0, goal, fraction)
    with pytest.raises(UsageError):
        jump(net, inputs, [1.0, 1.0, goal], fraction=fraction)
    assert all(a.equal(b) for a, b in zip(net.parameters(), weights, strict=True))


def test_one_goal_a_layer_and_one_input_at_a_time():
    net, (image, code) = stacked(0)
    weights = [p.clone() for p in net.parameters()]
    with pytest.raises(UsageError, match="2 goals for 3 layers"):
        jump(net, (image, code), [1.0, 1.0])
    with pytest.raises(UsageError, match="one by one"):
        jump(net, (image.repeat(2, 1), code), [1.0] * 3)
    with pytest.raises(UsageError, match="the layer reads"):
        jump(net, (image[:, 1:], code), [1.0] * 3)
    assert all(a.equal(b) for a, b in zip(net.parameters(), weights, strict=True))


def test_a_layer_that_is_not_fully_connected_is_refused_before_any_has_moved():
    fields = LocalFields((1, 2, 3), (1, 2), 2, field=1, generator=generator(), dtype=torch.float64)
    below = dense(0, 4, 6, bias=True)
    net = FeedForward([below, fields], CLASSES, head=False)
    before = below.weight.clone()
    with pytest.raises(UsageError, match="LocalFields is not fully connected"):
        jump(net, (uniform(1, 4),), [1.0, 1.0])
    assert below.weight.equal(before)


@pytest.mark.parametrize(("kind", "own"), [(StudentT, {}), (PieceDense, {"piece": Piece(1)})])
def test_a_layer_that_computes_something_else_is_refused(kind, own):
    layer = kind(4, 6, generator=generator(), dtype=torch.float64, **own)
    before = layer.weight.clone()
    with pytest.raises(UsageError, match=f"{kind.__name__} is not fully connected"):
        jump_layer(layer, (uniform(1, 4),), 2.0)
    assert layer.weight.equal(before)


def test_layers_with_boxes_between_them_jump_too():
    halves = BlackBox(lambda h: h[:, ::2], name="halves", units=4)
    net = boxed(PIXELS, CLASSES, [8, 6], [halves], generator=generator(), dtype=torch.float64)
    inputs = uniform(1, PIXELS), torch.eye(CLASSES).double()[:1].unsqueeze(0)
    jump(net, inputs, [3.0, 0.5])
    after = [float(y.square().sum()) for y in net.activities(*inputs)]
    assert after == pytest.approx([3.0, 0.5], rel=1e-6)
