"""A stack of local layers: what it computes, what it forgets between layers, how it is saved."""

import copy
import json
import weakref

import pytest
import torch

from forward_forward.errors import FFError, UsageError
from forward_forward.labels import concatenate
from forward_forward.layers.dense import Dense
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.readout import goodness_per_label, one_pass_softmax
from forward_forward.spec import NORMALIZATIONS
from toys import (
    CLASSES,
    GOODNESS,
    LOSSES,
    PIXELS,
    WIDTHS,
    generator,
    network,
    simultaneous,
    split,
    uniform,
)

IMAGES = uniform(6, PIXELS, dtype=torch.float32)


def trained(**options):
    learner = simultaneous(**options)
    learner.begin(split(12), 0, 0)
    for seed in range(3):
        learner.step(torch.arange(12), generator(seed), 1.0)
    return learner.network


def assert_same(net, other):
    assert goodness_per_label(net, IMAGES).equal(goodness_per_label(other, IMAGES))
    if net.head is not None:
        assert one_pass_softmax(net, IMAGES).equal(one_pass_softmax(other, IMAGES))


VARIANTS = {
    "plain": {},
    "concatenated": {"place": concatenate, "strength": 2.5, "pixel_mean": 0.1, "pixel_std": 0.3},
    "no peers": {"peer": 0.0},
    "in blocks": {"blocks": 2, "widths": (8, 6, 4)},
    "read from the first": {"read_from": 0},
    **{f"goodness {n}": {"goodness": f} for n, f in GOODNESS.items()},
    **{f"loss {n}": {"loss": kind()} for n, kind in LOSSES.items()},
    **{f"normalization {n}": {"normalization": v} for n, v in NORMALIZATIONS.items()},
}


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_a_network_is_rebuilt_from_its_config_and_weights(options):
    net = trained(**options)
    config = json.loads(json.dumps(net.config(), allow_nan=False))
    again = FeedForward.from_config(config)
    again.load_state_dict({k: v.clone() for k, v in net.state_dict().items()})
    assert_same(net, again)
    assert json.loads(json.dumps(again.config())) == config


def test_a_network_without_a_head_too():
    net = network(head=False)
    again = FeedForward.from_config(net.config())
    again.load_state_dict(net.state_dict())
    assert again.head is None
    assert_same(net, again)


def test_rebuilding_draws_nothing_from_the_global_state():
    before = torch.get_rng_state()
    FeedForward.from_config(network().config())
    assert torch.get_rng_state().equal(before)


def without(config, key):
    return {k: v for k, v in config.items() if k != key}


DAMAGE = {
    **{f"no {key}": lambda c, key=key: without(c, key) for key in network().config()},
    "layers are no list": lambda c: {**c, "layers": 3},
    "no layers": lambda c: {**c, "layers": []},
    "an unknown layer": lambda c: {**c, "layers": [{"layer": "Dens"}]},
    "a helper for a layer": lambda c: {**c, "layers": [{"layer": "draw_"}]},
    "a nameless layer": lambda c: {**c, "layers": [without(c["layers"][0], "layer")]},
    "a superfluous option": lambda c: {**c, "layers": [{**c["layers"][0], "colour": 1}]},
    "a missing option": lambda c: {**c, "layers": [without(c["layers"][0], "units")]},
    "a width of 0": lambda c: {**c, "layers": [{**c["layers"][0], "units": 0}]},
    "a width in words": lambda c: {**c, "layers": [{**c["layers"][0], "units": "many"}]},
    "an unknown goodness": lambda c: {**c, "layers": [{**c["layers"][0], "goodness": "best"}]},
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_config_is_a_typed_error(damage):
    with pytest.raises(FFError):
        FeedForward.from_config(damage(network().config()))


@pytest.mark.parametrize("matmul_dtype", [None, torch.bfloat16])
def test_a_copy_goes_its_own_way(matmul_dtype):
    net = trained(matmul_dtype=matmul_dtype)
    before = goodness_per_label(net, IMAGES)
    other = copy.deepcopy(net)
    assert_same(net, other)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(2)
        other.layers[0].peer.mean_activity.zero_()
    assert goodness_per_label(net, IMAGES).equal(before)
    assert not goodness_per_label(other, IMAGES).equal(before)
    assert net.layers[0].peer.mean_activity.any()


@pytest.mark.parametrize("matmul_dtype", [None, torch.bfloat16])
def test_weights_come_back(matmul_dtype):
    net, other = trained(matmul_dtype=matmul_dtype), network(seed=5, matmul_dtype=matmul_dtype)
    goodness_per_label(other, IMAGES)  # so that it has made its copies of other weights
    other.load_state_dict({k: v.clone() for k, v in net.state_dict().items()})
    assert_same(net, other)


def test_nothing_learned_is_hidden_from_torch():
    """Layers kept in a plain list have no parameters and an empty state_dict."""
    net = network()
    names = set(net.state_dict())
    assert {f"layers.{i}.bias" for i in range(3)} <= names
    assert {f"layers.{i}.peer.mean_activity" for i in range(3)} <= names
    assert {"head.weight", "head.bias", "layers.0.label_weight"} <= names
    count = sum(p.numel() for p in net.parameters())
    dense = sum(
        (below + 1) * units for below, units in zip((PIXELS, *WIDTHS), WIDTHS, strict=False)
    )
    assert count == dense + CLASSES * WIDTHS[0] + (sum(WIDTHS[1:]) + 1) * CLASSES


def test_the_same_seed_the_same_bits():
    first, again, other = network(0), network(0), network(1)
    assert_same(first, again)
    assert not goodness_per_label(first, IMAGES).equal(goodness_per_label(other, IMAGES))
    weights = [layer.weight.flatten()[:20] for layer in first.layers[1:]]
    assert not weights[0].equal(weights[1])


@pytest.mark.parametrize("scale", [1e-2, 10.0, 1e4])
@pytest.mark.parametrize("norm", ["length", "unit_length", "sum_to_units"])
def test_a_layer_sees_nothing_of_the_scale_of_the_one_below(norm, scale):
    """From the second layer on; so the second layer cannot read the first one's answer off the length."""
    net = network(normalization=NORMALIZATIONS[norm], dtype=torch.float64)
    code = torch.tensor([[[1.0, 0, 0]]], dtype=torch.float64)
    before = list(net.activities(IMAGES.double(), code))
    with torch.no_grad():
        for parameter in net.layers[0].parameters():
            parameter.mul_(scale)
    after = list(net.activities(IMAGES.double(), code))
    torch.testing.assert_close(after[0], scale * before[0], rtol=1e-6, atol=1e-12)
    for y, z in zip(before[1:], after[1:], strict=True):
        torch.testing.assert_close(y, z, rtol=1e-4, atol=1e-6)


def test_a_change_above_does_not_reach_a_layer_below():
    """One step of all layers: what a layer learns depends on those below it alone."""

    def gradients(change):
        learner = simultaneous()
        if change is not None:
            with torch.no_grad():
                learner.network.layers[change].weight.mul_(-3)
        learner.begin(split(12), 0, 0)
        learner.step(torch.arange(12), generator(), 1.0)
        return [layer.weight.grad for layer in learner.network.layers]

    plain, changed = gradients(None), gradients(1)
    assert plain[0].equal(changed[0])
    assert not plain[1].equal(changed[1])
    assert not plain[2].equal(changed[2])


def test_only_one_layer_s_activities_are_held():
    net = network(widths=[11] * 12, head=False)
    code = torch.eye(CLASSES)[:1].unsqueeze(1)

    seen, most = [], 0
    for y in net.activities(IMAGES, code):
        seen.append(weakref.ref(y))
        most = max(most, sum(ref() is not None for ref in seen))
    assert len(seen) == 12
    assert most <= 2


@pytest.mark.parametrize("widths", [[], [0], [5, -1], [5, 0, 5]])
def test_widths_are_above_zero(widths):
    with pytest.raises(UsageError):
        network(widths=widths)


def test_every_layer_is_cut_into_blocks():
    assert [layer.blocks for layer in network(widths=(8, 6, 4), blocks=2).layers] == [2, 2, 2]
    with pytest.raises(UsageError, match="7 units cannot be divided into 2 equal blocks"):
        network(widths=(8, 7), blocks=2)


def test_at_least_one_layer():
    with pytest.raises(UsageError, match="layer"):
        FeedForward([], CLASSES)


@pytest.mark.parametrize("classes", [0, 1, -3])
def test_at_least_two_classes(classes):
    with pytest.raises(UsageError, match="class"):
        FeedForward.dense(PIXELS, classes, [5], generator=generator())


def test_layers_of_one_s_own():
    layers = [Dense(PIXELS, 5, generator=generator()), Dense(5, 4, generator=generator(1))]
    net = FeedForward(layers, CLASSES)
    first, second = net.activities(IMAGES)
    torch.testing.assert_close(first, (IMAGES @ layers[0].weight).relu())
    torch.testing.assert_close(second, (net.normalization(first) @ layers[1].weight).relu())
    assert net.one_pass(IMAGES)[1].shape == (6, CLASSES)
