"""A piece of hardware: its seed is all of it; what is not made does not matter; it is learned through, unseen."""

import json
import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from forward_forward.adversarial import FastGradientSign
from forward_forward.errors import UsageError
from forward_forward.hardware.piece_layers import PieceDense, PieceLabelledDense, network_on
from forward_forward.hardware.pieces import PERFECT, Curves, Fabrication, Lines, Piece
from forward_forward.labels import concatenate, one_of_n, overlay
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.losses import SymBa
from forward_forward.negatives import hard_by_softmax
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.simultaneous import Simultaneous
from toys import CLASSES, PIXELS, generator, labels_of, normal, split, uniform

BATCH, INPUTS, UNITS = 6, 8, 5
ROUGH = Fabrication(connectivity=0.4, misrouted=1.0, spread=0.8, curving=0.7)


def dense(piece, **options):
    return PieceDense(
        INPUTS, UNITS, piece=piece, generator=generator(), dtype=torch.float64, **options
    )


def labelled(piece, **options):
    return PieceLabelledDense(
        INPUTS, CLASSES, UNITS, piece=piece, generator=generator(), dtype=torch.float64, **options
    )


def codes(seed):
    return one_of_n(labels_of(BATCH, seed), CLASSES, uniform(1)).unsqueeze(0)


def dense_inputs():
    return (uniform(2 * BATCH, INPUTS, seed=3),)


def labelled_inputs():
    return uniform(BATCH, INPUTS, seed=3), torch.cat([codes(1), codes(2)])


both = pytest.mark.parametrize(
    ("make", "inputs"), [(dense, dense_inputs), (labelled, labelled_inputs)], ids=["dense", "first"]
)


def hidden(layer):
    return dict(layer.named_buffers())


@both
def test_a_seed_is_a_piece(make, inputs):
    one, again, other = (hidden(make(Piece(seed, ROUGH))) for seed in (3, 3, 4))
    assert len(one) >= 7
    assert all(value.equal(again[name]) for name, value in one.items())
    assert not any(value.equal(other[name]) for name, value in one.items() if "label" not in name)


@both
def test_tiles_of_a_piece_differ(make, inputs):
    below, above = (hidden(make(Piece(3, ROUGH), tile=tile)) for tile in (0, 1))
    assert not any(value.equal(above[name]) for name, value in below.items() if "label" not in name)


def test_one_thing_about_a_piece_does_not_depend_on_another():
    few, many = (
        Lines(40, 30, Piece(5, Fabrication(connectivity=share, misrouted=0.5)), 0)
        for share in (0.2, 0.8)
    )
    assert few.wires.equal(many.wires)
    made = few.gains > 0
    assert few.gains[made].equal(many.gains[made])  # what few synapses there are, many have too
    assert made.sum() < (many.gains > 0).sum()


def test_fabrication_keeps_its_promises():
    lines = Lines(1000, 400, Piece(1, Fabrication(0.3, 0.25, 0.5, 0.0)), 0)
    assert lines.wires.sort().values.equal(torch.arange(1000))  # no input is lost
    assert (lines.wires != torch.arange(1000)).double().mean().item() == pytest.approx(
        0.25, abs=0.05
    )
    assert (lines.gains > 0).double().mean().item() == pytest.approx(0.3, abs=0.01)
    gains = lines.gains[lines.gains > 0]
    assert gains.mean().item() == pytest.approx(1.0, abs=0.02)
    assert gains.log().std().item() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("curving", [0.0, 0.5, 0.99])
def test_curves_rise(curving):
    curves = Curves(200, Piece(2, Fabrication(curving=curving)), 0).double()
    a = torch.linspace(-4, 4, 500, dtype=torch.float64).unsqueeze(1).expand(-1, 200)
    y = curves(a)
    assert (y.diff(dim=0) > 0).all()
    assert y.allclose(a) is (curving == 0)
    assert (y[:, 0].allclose(y[:, 1])) is (curving == 0)


def test_no_activity_is_above_its_ceiling():
    curves = Curves(50, Piece(2, Fabrication(curving=0.5)), 0).double()
    y = curves(torch.full((1, 50), 1e6, dtype=torch.float64))
    torch.testing.assert_close(y[0], 1 / curves.flatness, rtol=1e-4, atol=0)


def curve_of(layer, unit, a):
    """Return one unit's curve of one number, in plain Python."""
    slope, offset, bend, knee, flatness = (
        float(getattr(layer.curves, name)[unit])
        for name in ("slope", "offset", "bend", "knee", "flatness")
    )
    v = slope * (a - offset)
    u = v + bend * max(v - knee, 0)
    return u / math.sqrt(1 + (u * flatness) ** 2)


def test_a_dense_layer_is_what_it_says():
    layer, (h,) = dense(Piece(1, ROUGH)), dense_inputs()
    with torch.no_grad():
        layer.bias.copy_(normal(UNITS))
    wires, gains = layer.lines.wires.tolist(), layer.lines.gains.tolist()
    weight, bias = layer.weight.tolist(), layer.bias.tolist()
    for row, y in zip(h.tolist(), layer(h).tolist(), strict=True):
        for j in range(UNITS):
            a = bias[j] + sum(row[wires[i]] * weight[i][j] * gains[i][j] for i in range(INPUTS))
            assert y[j] == pytest.approx(max(curve_of(layer, j, a), 0))


@pytest.mark.parametrize("place", [overlay, concatenate])
def test_a_first_layer_is_what_it_says(place):
    layer = labelled(Piece(1, ROUGH), place=place, strength=2.0, pixel_mean=0.5, pixel_std=2.0)
    with torch.no_grad():
        layer.bias.copy_(normal(UNITS))
    images, both_codes = labelled_inputs()
    y = layer(images, both_codes).view(2, BATCH, UNITS)
    placed, codes_ = place((images - 0.5) / 2, CLASSES), both_codes * 2
    ways = [
        (lines.wires.tolist(), (weight * lines.gains).tolist())
        for lines, weight in ((layer.lines, layer.weight), (layer.label_lines, layer.label_weight))
    ]
    for k in range(2):
        for b in range(BATCH):
            heard = placed[b].tolist(), codes_[k, b].tolist()
            norm = math.sqrt(sum(x * x for part in heard for x in part) / layer.fan_in)
            for j in range(UNITS):
                a = sum(
                    x[wires[i]] * weights[i][j]
                    for x, (wires, weights) in zip(heard, ways, strict=True)
                    for i in range(len(x))
                )
                expected = max(curve_of(layer, j, a / norm + float(layer.bias.detach()[j])), 0)
                assert float(y[k, b, j]) == pytest.approx(expected)


@pytest.mark.parametrize("place", [overlay, concatenate])
@pytest.mark.parametrize("peer", [0.0, 0.1])
def test_perfect_hardware_is_the_ordinary_layer(place, peer):
    options = {"peer": peer, "generator": generator(), "dtype": torch.float64}
    pairs = [
        (Dense(INPUTS, UNITS, **options), dense(Piece(9, PERFECT), peer=peer), dense_inputs()),
        (
            LabelledDense(INPUTS, CLASSES, UNITS, place=place, **{**options, "generator": generator()}),
            labelled(Piece(9, PERFECT), place=place, peer=peer),
            labelled_inputs(),
        ),
    ]  # fmt: skip
    for ordinary, on_piece, inputs in pairs:
        expected, seen = ordinary.learn(inputs)
        y, also = on_piece.learn(inputs)
        torch.testing.assert_close(y, expected)
        torch.testing.assert_close(also.loss, seen.loss)
        for p, q in zip(on_piece.parameters(), ordinary.parameters(), strict=True):
            torch.testing.assert_close(p.grad, q.grad)


@both
def test_a_synapse_that_was_never_made_does_not_matter(make, inputs):
    layer, changed = make(Piece(1, ROUGH)), make(Piece(1, ROUGH))
    pairs = {"weight": "lines", "label_weight": "label_lines"}
    missing = {
        name: getattr(layer, lines).gains == 0
        for name, lines in pairs.items()
        if hasattr(layer, name)
    }
    with torch.no_grad():
        for name, where in missing.items():
            assert where.any()
            getattr(changed, name)[where] = 100.0
    y, seen = layer.learn(inputs())
    z, also = changed.learn(inputs())
    assert y.equal(z)
    assert seen.loss.equal(also.loss)
    for p, q in zip(layer.parameters(), changed.parameters(), strict=True):
        assert p.grad.equal(q.grad)


def test_the_update_is_made_of_what_arrives_and_what_comes_out():
    """Δw = dz · arrived, eq. (3): a loop over measured activities, and nothing of gains, curves or their slopes."""
    layer, (h,) = dense(Piece(1, ROUGH)), dense_inputs()
    y, _ = layer.learn((h,))
    slopes = torch.cat(layer.loss.slopes(*y.square().sum(1).chunk(2))) / BATCH
    expected = torch.zeros(INPUTS, UNITS, dtype=torch.float64)
    for row in range(2 * BATCH):
        for i, wire in enumerate(layer.lines.wires.tolist()):
            expected[i] += h[row, wire] * slopes[row] * 2 * y[row]
    torch.testing.assert_close(layer.weight.grad, expected)
    assert expected.abs().max() > 1e-3


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("real", [True, False])
def test_for_one_input_no_unit_s_update_is_against_the_true_gradient(seed, real):
    layer, x = dense(Piece(seed, ROUGH)), uniform(1, INPUTS, seed=seed)
    with torch.no_grad():
        layer.bias.fill_(1.0)  # so that some units are on
    layer.learn((x,), positives=int(real))
    with torch.enable_grad():
        g = layer.goodness(layer.preactivation(x).relu())
        threshold = layer.loss.threshold
        loss = F.softplus(threshold - g if real else g - threshold).sum()
        (true,) = torch.autograd.grad(loss, layer.weight)  # through gains and curves, unseen
    agreement = (layer.weight.grad * true).sum(0)
    assert (agreement >= 0).all()
    assert agreement.max() > 0
    before = layer.goodness(layer(x)).item()
    with torch.no_grad():
        layer.weight -= 0.01 * layer.weight.grad
    after = layer.goodness(layer(x)).item()
    assert after > before if real else after < before


@both
@pytest.mark.parametrize("loss", [None, SymBa()])
def test_it_learns(make, inputs, loss):
    layer = make(Piece(1, ROUGH), loss=loss)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.05)
    losses = []
    for _ in range(60):
        losses.append(layer.learn(inputs())[1].loss.item())
        optimizer.step()
    assert losses[-1] < 0.9 * losses[0]


@both
def test_no_gradient_passes(make, inputs):
    layer = make(Piece(1, ROUGH))
    hanging = [x.clone().requires_grad_() for x in inputs()]
    y, _ = layer.learn(tuple(hanging))
    assert not y.requires_grad
    assert all(x.grad is None for x in hanging)


@both
def test_a_batch_is_the_sum_of_its_samples(make, inputs):
    whole, parts = make(Piece(1, ROUGH)), make(Piece(1, ROUGH))
    whole.learn(inputs(), share=BATCH)
    for row in range(BATCH):
        rows = torch.tensor([row, BATCH + row])
        sample = tuple(
            x[:, [row]] if x.ndim == 3 else x[rows] if len(x) == 2 * BATCH else x[[row]]
            for x in inputs()
        )
        parts.learn(sample, decay=1.0)
    for p, q in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad)


def test_a_net_goes_through_layers_and_readouts_in_low_precision_too():
    images = uniform(20, 12, seed=1, dtype=torch.float32)

    def goodness(dtype):
        net = network_on(Piece(1), 12, CLASSES, [30, 20], generator=generator(), matmul_dtype=dtype)
        return net.label_goodness(images, torch.eye(CLASSES).unsqueeze(1))

    high, low = goodness(None), goodness(torch.bfloat16)
    assert not low.equal(high)
    torch.testing.assert_close(low, high, rtol=0.1, atol=0.1)


def test_a_net_says_what_it_sits_on_in_plain_words():
    net = network_on(Piece(4, ROUGH), 12, CLASSES, [6, 5, 4], generator=generator())
    assert isinstance(net, FeedForward)
    config = json.loads(json.dumps(net.config(), allow_nan=False))
    assert [layer["tile"] for layer in config["layers"]] == [0, 1, 2]
    assert {layer["piece"]["seed"] for layer in config["layers"]} == {4}
    assert config["layers"][0]["piece"]["fabrication"]["connectivity"] == 0.4


@pytest.mark.parametrize(
    ("option", "value"),
    [("connectivity", 0.0), ("connectivity", -0.5), ("connectivity", 1.1), ("connectivity", math.nan),
     ("misrouted", -0.1), ("misrouted", 1.1), ("misrouted", math.nan), ("spread", -1.0),
     ("spread", math.inf), ("spread", math.nan), ("curving", 1.0), ("curving", -0.1)],
)  # fmt: skip
def test_what_cannot_be_made_is_refused(option, value):
    with pytest.raises(UsageError, match=option) as caught:
        replace(PERFECT, **{option: value})
    assert "\n" not in str(caught.value)


def test_a_net_without_layers_is_refused():
    with pytest.raises(UsageError, match="at least one layer"):
        network_on(Piece(1), 12, CLASSES, [], generator=generator())


def test_an_adversary_is_told_that_nobody_knows_the_slopes():
    net = network_on(Piece(1), PIXELS, CLASSES, [6, 5], generator=generator())
    rule = SmoothedGradient(0.01)
    learner = Simultaneous(net, hard_by_softmax, rule, rule, adversary=FastGradientSign(0.05))
    with pytest.raises(UsageError, match="nobody knows"):
        learner.begin(split(4), 0, 0)
        learner.step(torch.arange(4), generator(), 1.0)
