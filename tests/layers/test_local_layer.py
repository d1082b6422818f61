"""The contract of a layer: no gradient leaves it or comes in, whatever is passed, whatever a subclass does."""

import inspect
import itertools
import math

import pytest
import torch
from torch import nn

from forward_forward.errors import FFError
from forward_forward.labels import one_of_n
from forward_forward.layers.dense import Dense
from forward_forward.layers.fast_weights import FastWeights
from forward_forward.layers.joint import Joint
from forward_forward.layers.labelled_dense import LabelledDense, Projection
from forward_forward.layers.local_fields import LocalFields
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.layers.softmax_head import SoftmaxHead
from forward_forward.layers.symbols import Symbols
from forward_forward.losses import SymBa, ThresholdLogistic
from forward_forward.normalization import length
from forward_forward.training.reference import reference_gradients
from toys import CLASSES, LAYERS, generator, labels_of, uniform

BATCH, BELOW, UNITS = 6, 8, 5


def codes(seed):
    return one_of_n(labels_of(BATCH, seed), CLASSES, uniform(1)).unsqueeze(0)


class TwoInputs(LocalLayer):
    """A layer with an input from below and one from above, that states its preactivation and no more."""

    def __init__(self, **parts):
        super().__init__(UNITS, **parts)
        self.up = nn.Parameter(uniform(BELOW, UNITS, seed=1) - 0.4)
        self.down = nn.Parameter(uniform(UNITS, UNITS, seed=2) - 0.4)
        self.bias = nn.Parameter(torch.zeros(UNITS, dtype=torch.float64))
        self.unused = nn.Parameter(torch.ones(2, dtype=torch.float64))
        self.double()

    def preactivation(self, below, above):
        return below @ self.up + above @ self.down + self.bias


class Gated(TwoInputs):
    """One whose preactivation is not linear in its inputs."""

    def preactivation(self, below, above):
        return length(below) @ self.up * (above @ self.down).sigmoid() + self.bias


class Sly(TwoInputs):
    """One that turns gradients on again, and uses another layer's weights."""

    def __init__(self, other, **parts):
        super().__init__(**parts)
        self.others = [other]

    def preactivation(self, below, above):
        with torch.enable_grad():
            return super().preactivation(below, above) + below @ self.others[0].weight


HOMEMADE = [TwoInputs, Gated]


def dense(**parts):
    return Dense(BELOW, UNITS, generator=generator(), dtype=torch.float64, **parts)


def labelled(**parts):
    return LabelledDense(BELOW, CLASSES, UNITS, generator=generator(), dtype=torch.float64, **parts)


def plain_inputs():
    return (uniform(2 * BATCH, BELOW, seed=3),)


def labelled_inputs():
    return uniform(BATCH, BELOW, seed=3), torch.cat([codes(1), codes(2)])


def two_inputs():
    return uniform(2 * BATCH, BELOW, seed=3), uniform(2 * BATCH, UNITS, seed=4)


def fields(**parts):
    return LocalFields(
        (2, BELOW // 2, 1),
        (1, 3),
        2,
        field=2,
        tile=2,
        generator=generator(),
        dtype=torch.float64,
        **parts,
    )


def joint(**parts):
    options = {"bias": False, "generator": generator(), "dtype": torch.float64}
    return Joint([Dense(BELOW, UNITS, **options), Dense(UNITS, UNITS, **options)], **parts)


def symbols(**parts):
    return Symbols(3, CLASSES, UNITS, generator=generator(), dtype=torch.float64, **parts)


def fast_weights(**parts):
    return FastWeights(
        2, CLASSES, UNITS, stretch=4, generator=generator(), dtype=torch.float64, **parts
    )


def windows():
    return (torch.randint(CLASSES, (2 * BATCH, 4), generator=generator(3)),)


MAKERS = {
    Symbols: (symbols, windows),
    FastWeights: (fast_weights, windows),
    Joint: (joint, two_inputs),
    Dense: (dense, plain_inputs),
    LabelledDense: (labelled, labelled_inputs),
    LocalFields: (fields, plain_inputs),
    TwoInputs: (TwoInputs, two_inputs),
    Gated: (Gated, two_inputs),
    Sly: (lambda **parts: Sly(dense(), **parts), two_inputs),
}
every_layer = pytest.mark.parametrize(
    ("make", "inputs"), MAKERS.values(), ids=[kind.__name__ for kind in MAKERS]
)


def connected(tensors):
    """Return tensors of the same values that hang on a graph, and the parameters it began with."""
    roots = [nn.Parameter(torch.ones(tensor.shape, dtype=torch.float64)) for tensor in tensors]
    hanging = (
        tensor * root if tensor.is_floating_point() else tensor  # indices hang on nothing
        for tensor, root in zip(tensors, roots, strict=True)
    )
    return tuple(hanging), roots


def test_every_layer_type_is_tried_here():
    assert set(LAYERS.values()) <= set(MAKERS), "give the new layer type an entry in MAKERS"


@every_layer
def test_all_of_a_layer_is_of_one_dtype(make, inputs):
    layer = make(peer=0.1)
    tensors = [*layer.parameters(), *layer.buffers()]
    assert {tensor.dtype for tensor in tensors} == {torch.float64}


@pytest.mark.parametrize("kind", [Dense, LabelledDense, LocalFields])
def test_all_of_a_layer_is_on_its_device(kind):
    shapes = {
        Dense: (8, 5),
        LabelledDense: (8, 3, 5),
        LocalFields: ((4, 4, 1), (4, 4), 2),
    }
    parts = {"field": 3, "margin": 1} if kind is LocalFields else {}
    layer = kind(*shapes[kind], peer=0.1, device="meta", **parts)
    assert {t.device.type for t in [*layer.parameters(), *layer.buffers()]} == {"meta"}


@every_layer
def test_what_comes_out_hangs_on_no_graph(make, inputs):
    layer = make()
    hanging, _ = connected(inputs())
    assert all(tensor.requires_grad for tensor in hanging if tensor.is_floating_point())
    assert not layer(*hanging).requires_grad
    y, seen = layer.learn(hanging)
    assert not y.requires_grad
    assert not any(value.requires_grad for value in vars(seen).values())


@every_layer
@pytest.mark.parametrize("peer", [0.0, 0.1])
def test_no_gradient_reaches_what_is_below(make, inputs, peer):
    layer = make(peer=peer)
    hanging, roots = connected(inputs())
    layer.learn(hanging)
    assert all(root.grad is None for root in roots)
    assert any(p.grad.abs().max() > 1e-6 for p in layer.parameters())


@every_layer
def test_a_graph_below_changes_nothing(make, inputs):
    alone, hanging = make(), make()
    y, _ = alone.learn(inputs())
    z, _ = hanging.learn(connected(inputs())[0])
    assert y.equal(z)
    for p, q in zip(alone.parameters(), hanging.parameters(), strict=True):
        assert p.grad.equal(q.grad)


def test_a_layer_fed_by_another_s_graph_does_not_teach_it():
    lower, upper = dense(), TwoInputs()
    y = lower.preactivation(*plain_inputs()).relu()
    assert y.requires_grad
    upper.learn((plain_inputs()[0], y))
    assert all(p.grad is None for p in lower.parameters())
    assert upper.up.grad.abs().max() > 0
    with pytest.raises(RuntimeError, match="does not require grad"):
        upper(plain_inputs()[0], y).sum().backward()


def test_borrowed_weights_are_not_taught():
    layer = Sly(dense())
    layer.learn(two_inputs())
    assert all(p.grad is None for p in layer.others[0].parameters())
    assert layer.up.grad.abs().max() > 0


def test_a_shared_image_on_a_graph_is_cut_off():
    layer, (images, labels) = labelled(), labelled_inputs()
    images.requires_grad_()
    with torch.enable_grad():
        placed = images * layer.normalization.factor(layer.normalization.total(images), BELOW)
        hanging = Projection(placed, placed @ layer.weight, layer.normalization.total(placed))
    assert hanging.share.requires_grad
    y, _ = layer.learn((hanging, labels))
    assert not y.requires_grad
    assert images.grad is None
    assert layer.weight.grad.abs().max() > 0


def test_a_closed_form_is_handed_inputs_without_a_graph():
    seen = []

    class Curious(Dense):
        def accumulate(self, inputs, dz, decay):
            seen.extend([*inputs, dz])
            super().accumulate(inputs, dz, decay)

    layer = Curious(BELOW, UNITS, generator=generator(), dtype=torch.float64)
    layer.learn(connected(plain_inputs())[0])
    assert len(seen) == 2
    assert not any(tensor.requires_grad for tensor in seen)


def test_the_softmax_teaches_no_layer():
    head = SoftmaxHead(BELOW, CLASSES, dtype=torch.float64)
    (features,), (root,) = connected((uniform(BATCH, BELOW),))
    assert not head(features).requires_grad
    loss = head.learn(features, labels_of(BATCH))
    assert not loss.requires_grad
    assert root.grad is None
    assert head.weight.grad.abs().max() > 0


def test_the_softmax_learns_by_the_gradient_of_cross_entropy():
    head = SoftmaxHead(BELOW, CLASSES, dtype=torch.float64)
    with torch.no_grad():
        head.weight.copy_(uniform(BELOW, CLASSES, seed=5))
    features, labels = uniform(BATCH, BELOW), labels_of(BATCH)
    weight, bias = (p.detach().clone().requires_grad_() for p in (head.weight, head.bias))
    expected = nn.functional.cross_entropy(features @ weight + bias, labels)
    expected.backward()
    torch.testing.assert_close(head.learn(features, labels), expected.detach())
    torch.testing.assert_close(head.weight.grad, weight.grad, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(head.bias.grad, bias.grad, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", HOMEMADE)
@pytest.mark.parametrize("peer", [0.0, 0.1])
@pytest.mark.parametrize("loss", [ThresholdLogistic(), SymBa()])
def test_the_default_accumulate_is_autograd(kind, peer, loss):
    below, above = two_inputs()
    expected = reference_gradients(
        kind(peer=peer, loss=loss), (below[:BATCH], above[:BATCH]), (below[BATCH:], above[BATCH:])
    )
    layer = kind(peer=peer, loss=loss)
    layer.learn((below, above))
    assert_equal(layer, expected)


@pytest.mark.parametrize("kind", HOMEMADE)
@pytest.mark.parametrize("peer", [0.0, 0.1])
def test_so_it_is_when_most_rows_have_nothing_to_teach(kind, peer):
    """Rows may be left out, and one row stand for the pull of all, only where that is the same sum."""
    loss = ThresholdLogistic(threshold=20.0, temperature=0.01)
    below, above = uniform(40, BELOW, seed=3), uniform(40, UNITS, seed=4)
    below[:20] *= torch.linspace(0.5, 4, 20, dtype=torch.float64).unsqueeze(1)
    above[:20] *= torch.linspace(4, 0.5, 20, dtype=torch.float64).unsqueeze(1)

    def layer():
        made = kind(peer=peer, loss=loss)
        with torch.no_grad():
            made.up.add_(0.8)
        return made

    g_pos, g_neg = layer().goodness(layer()(below, above)).chunk(2)
    slopes = torch.cat(loss.slopes(g_pos, g_neg)).abs()
    assert 0 < (slopes > 1e-17).sum() < 25
    expected = reference_gradients(layer(), (below[:20], above[:20]), (below[20:], above[20:]))
    learned = layer()
    learned.learn((below, above))
    assert_equal(learned, expected)


def assert_equal(layer, expected):
    for parameter, gradient in zip(layer.parameters(), expected, strict=True):
        gradient = torch.zeros_like(parameter) if gradient is None else gradient
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-9)
    assert layer.up.grad.abs().max() > 1e-6


@every_layer
def test_a_batch_is_the_sum_of_its_samples(make, inputs):
    whole = make()
    whole.learn(inputs(), share=BATCH)
    parts = make()
    for row in range(BATCH):
        rows = torch.tensor([row, BATCH + row])
        sample = tuple(
            x[:, [row]] if x.ndim == 3 else x[rows] if len(x) == 2 * BATCH else x[[row]]
            for x in inputs()
        )
        parts.learn(sample, decay=1.0)
    for p, q in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-10, atol=1e-10)


@every_layer
def test_learning_leaves_inputs_and_weights_alone(make, inputs):
    layer, given = make(), inputs()
    weights = [p.detach().clone() for p in layer.parameters()]
    layer.learn(given)
    for now, before in zip([*given, *layer.parameters()], [*inputs(), *weights], strict=True):
        assert now.equal(before)


@every_layer
def test_statistics_say_what_was_seen(make, inputs):
    layer = make()
    y, seen = layer.learn(inputs())
    assert y.equal(layer(*inputs()))
    g_pos, g_neg = y.square().sum(1).chunk(2)
    torch.testing.assert_close(seen.goodness_pos, g_pos.mean())
    torch.testing.assert_close(seen.goodness_neg, g_neg.mean())
    torch.testing.assert_close(seen.loss, layer.loss(g_pos, g_neg).mean())
    assert seen.accuracy.item() == pytest.approx((g_pos > g_neg).double().mean().item())


@every_layer
def test_a_layer_learns_on_its_own(make, inputs):
    layer = make()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.02)
    losses = []
    for _ in range(30):
        losses.append(layer.learn(inputs())[1].loss.item())
        optimizer.step()
    assert losses[-1] < losses[0]


def test_a_frozen_weight_stays_out_of_it():
    """A parameter that asks for no gradient neither stops the layer from learning nor changes the others."""
    free, frozen = TwoInputs(), TwoInputs()
    frozen.down.requires_grad_(False)
    free.learn(two_inputs())
    frozen.learn(two_inputs())
    assert frozen.up.grad.equal(free.up.grad)


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (-1, 3), (3, -2), (3, "2"), (2.5, 3)])
def test_sizes_are_above_zero(sizes):
    with pytest.raises(FFError, match="above 0"):
        Dense(*sizes)


@pytest.mark.parametrize(
    ("option", "value"),
    [*itertools.product(["in_features", "classes", "units", "strength", "pixel_std"], [0, -1]),
     ("strength", math.nan), ("pixel_std", math.nan), ("pixel_mean", math.nan)],
)  # fmt: skip
def test_a_labelled_layer_refuses(option, value):
    with pytest.raises(FFError, match="above 0"):
        LabelledDense(**{"in_features": 8, "classes": 3, "units": 4, option: value})


@pytest.mark.parametrize("name", ["forward", "learn"])
def test_no_layer_type_replaces_what_guards_locality(name):
    guarded = inspect.getattr_static(LocalLayer, name)
    assert all(inspect.getattr_static(kind, name) is guarded for kind in LAYERS.values())


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_rows_that_are_no_pairs_are_refused(rows):
    """Half of an odd number would leave the two passes of different size, and one of them unheard."""
    layer = Dense(BELOW, UNITS, generator=generator())
    with pytest.raises(FFError, match=f"of {rows} rows positive"):
        layer.learn((torch.ones(rows, BELOW),))


@pytest.mark.parametrize("sizes", [(8.0, 3, 5), (8, 2.5, 5), (8, 3, 5.5), (8, 3, True)])
def test_sizes_of_a_first_layer_are_whole(sizes):
    with pytest.raises(FFError, match="sizes of a first layer: .* is no whole number"):
        LabelledDense(*sizes)


def half(tensor, index):
    """Return positives or negatives of an input; images that both share stay whole."""
    size = len(tensor) if len(tensor) == BATCH else len(tensor) // 2
    return tensor if size == BATCH == len(tensor) else tensor[index * size : (index + 1) * size]


@every_layer
def test_positives_alone_and_negatives_alone_add_up_to_both(make, inputs):
    whole, parted = make(peer=0.1), make(peer=0.1)
    rows = inputs()
    _, seen = whole.learn(rows)
    positives, negatives = (tuple(half(tensor, index) for tensor in rows) for index in (0, 1))
    _, awake = parted.learn(positives, positives=BATCH)
    _, asleep = parted.learn(negatives, decay=1.0, positives=0)
    for both, apart in zip(whole.parameters(), parted.parameters(), strict=True):
        torch.testing.assert_close(both.grad, apart.grad)
    torch.testing.assert_close(seen.loss, awake.loss + asleep.loss)
    assert torch.equal(seen.goodness_pos, awake.goodness_pos)
    assert torch.equal(seen.goodness_neg, asleep.goodness_neg)
    assert all(nothing.isnan() for nothing in (awake.goodness_neg, asleep.goodness_pos))
    assert all(nothing.isnan() for nothing in (awake.accuracy, asleep.accuracy))


def blocked(blocks, units=6):
    return Dense(BELOW, units, blocks=blocks, generator=generator(), dtype=torch.float64)


def test_blocks_are_layers_side_by_side():
    """A layer of three blocks learns what three layers of a third of its units learn."""
    whole, (x,) = blocked(3), plain_inputs()
    whole.learn((x,))
    for block, units in enumerate(torch.arange(6).chunk(3)):
        part = blocked(1, units=2)
        with torch.no_grad():
            part.weight.copy_(whole.weight[:, units])
            part.bias.copy_(whole.bias[units])
        part.learn((x,))
        torch.testing.assert_close(whole.weight.grad[:, units], part.weight.grad, msg=str(block))
        torch.testing.assert_close(whole.bias.grad[units], part.bias.grad, msg=str(block))


def test_goodness_of_a_layer_is_the_mean_of_its_blocks():
    layer, y = blocked(3), uniform(4, 6)
    expected = torch.stack([layer.goodness(part) for part in y.chunk(3, dim=1)]).mean(0)
    torch.testing.assert_close(layer.total_goodness(y), expected)


def test_regions_of_an_image_judge_apart():
    """As many blocks as places: nothing a place learns depends on what other places see."""

    def layer():
        fields = LocalFields(
            (6, 6, 1), (2, 2), channels=3, field=3, stride=3, blocks=4, generator=generator()
        )
        return fields.double()

    x = uniform(4, 36).view(4, 6, 6) - 0.5
    other = x.clone()
    other[:, 3:, 3:] = 0.5
    here, there = layer(), layer()
    here.learn((x.flatten(1),))
    there.learn((other.flatten(1),))
    same = (here.weight.grad == there.weight.grad).flatten(1).all(1)
    assert same.tolist() == [True, True, True, False]


@pytest.mark.parametrize("blocks", [0, -1, 4, 7, 2.0])
def test_blocks_that_do_not_divide_the_units(blocks):
    with pytest.raises(FFError, match="6 units cannot be divided"):
        blocked(blocks)
