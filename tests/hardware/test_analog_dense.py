"""Nets on tiles: ideal ones are the digital net to the bit, real ones learn, and no layer teaches another."""

import copy
import json
import math
from dataclasses import replace

import pytest
import torch

from forward_forward.adversarial import FastGradientSign
from forward_forward.errors import UsageError
from forward_forward.goodness import mean_of_squares
from forward_forward.hardware.analog_dense import (
    AnalogDense,
    AnalogLabelledDense,
    age,
    tile_weights,
)
from forward_forward.hardware.crossbar import TileWeight
from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.hardware.onto_tiles import most_weights, on_tiles
from forward_forward.hardware.presets import PRESETS
from forward_forward.hardware.pulses import DrawnPulses, KeptPulses
from forward_forward.labels import every_label, one_of_n
from forward_forward.layers.dense import Dense
from forward_forward.layers.joint import Joint
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.losses import SiLU
from forward_forward.negatives import hard_by_softmax
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training.loop import train
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.reference import reference_gradients
from forward_forward.training.simultaneous import Simultaneous
from toys import CLASSES, PIXELS, dataset, generator, labels_of, network, uniform

IDEAL = PRESETS["ideal"].device
BATCH = 6
every_preset = pytest.mark.parametrize("device", [p.device for p in PRESETS.values()], ids=PRESETS)


def learner_on(device=None, rule=None, seed=0, **options):
    net = network(seed, loss=SiLU(alpha=6.0), goodness=mean_of_squares, **options)
    net = net if device is None else on_tiles(net, device, seed)
    rule = rule or DrawnPulses(rate=0.05, weight_decay=0.002)
    return Simultaneous(net, hard_by_softmax, rule, DrawnPulses(0.1, 0.003))


def learned(learner, epochs=3, **options):
    train(learner, dataset(), Plan(epochs=epochs, batch_size=8), **options)
    return learner


def parameters(learner):
    return {name: p.detach() for name, p in learner.network.named_parameters()}


@pytest.mark.parametrize("dtype", [None, torch.bfloat16])
@pytest.mark.parametrize("rule", [DrawnPulses(0.05, 0.01), KeptPulses(0.05, smoothing=0.0)])
def test_on_ideal_tiles_a_net_learns_what_the_digital_one_does_to_the_bit(rule, dtype):
    digital = learned(learner_on(rule=rule, matmul_dtype=dtype))
    ideal = learned(learner_on(IDEAL, rule=rule, matmul_dtype=dtype))
    ours, theirs = parameters(ideal), parameters(digital)
    assert ours.keys() == theirs.keys()
    assert all(ours[name].equal(theirs[name]) for name in theirs)
    assert not theirs["layers.1.weight"].equal(parameters(learner_on())["layers.1.weight"])
    images = dataset().test.images
    for name, scores in digital.scores(images).readouts.items():
        assert ideal.scores(images).readouts[name].equal(scores)


@pytest.mark.parametrize("rule", [DrawnPulses(0.05), KeptPulses(0.05)])
def test_with_many_levels_and_no_fault_it_comes_close(rule):
    def furthest(levels):
        device = ResistiveDevice("even", levels=levels)
        found = parameters(learned(learner_on(device, rule), epochs=2))
        return max(float((found[name] - value).abs().max()) for name, value in digital.items())

    digital = parameters(learned(learner_on(rule=rule), epochs=2))
    moved = max(
        float((value - parameters(learner_on())[name]).abs().max())
        for name, value in digital.items()
    )
    assert furthest(100_000) < 0.01 * moved
    assert furthest(100) > furthest(100_000)


@every_preset
def test_every_device_learns(device):
    learner = learner_on(device, DrawnPulses(rate=0.1))
    curve = train(learner, dataset(), Plan(epochs=12, batch_size=8)).curve
    assert curve[-1]["layers"][0]["loss"] < curve[0]["layers"][0]["loss"] - 0.4
    for weight in tile_weights(learner.network):
        if device.levels:
            held = (weight.tile.state[0] - weight.tile.state[1]) * weight.tile.weight_range
            torch.testing.assert_close(weight.detach(), held)


@pytest.mark.parametrize("rule", [DrawnPulses(0.05), KeptPulses(0.05)])
@pytest.mark.parametrize("name", ["rpu", "pcm"])
def test_a_run_that_is_resumed_is_the_run_that_never_stopped(name, rule, tmp_path):
    device = PRESETS[name].device
    straight = learned(learner_on(device, rule), epochs=3, folder=tmp_path / "straight")

    class Stop(Exception):
        pass

    def stop(progress, steps, epochs):
        if progress.epoch == 2:
            raise Stop

    cut = tmp_path / "cut"
    with pytest.raises(Stop):
        learned(learner_on(device, rule), epochs=3, folder=cut, watch=stop)
    resumed = learned(learner_on(device, rule), epochs=3, folder=cut, resume=True)
    expected = straight.network.state_dict()
    assert all(value.equal(expected[key]) for key, value in resumed.network.state_dict().items())


def dense(device=IDEAL, **parts):
    return AnalogDense(8, 5, hardware=device, generator=generator(), dtype=torch.float64, **parts)


def labelled(device=IDEAL, **parts):
    return AnalogLabelledDense(
        8, CLASSES, 5, hardware=device, generator=generator(), dtype=torch.float64, **parts
    )


def codes(seed):
    return one_of_n(labels_of(BATCH, seed), CLASSES, uniform(1)).unsqueeze(0)


MAKERS = {
    "dense": (dense, lambda: (uniform(2 * BATCH, 8, seed=3),)),
    "labelled": (labelled, lambda: (uniform(BATCH, 8, seed=3), torch.cat([codes(1), codes(2)]))),
}
every_layer = pytest.mark.parametrize(("make", "inputs"), MAKERS.values(), ids=MAKERS)


@every_layer
@every_preset
def test_no_gradient_reaches_what_is_below(make, inputs, device):
    layer, given = make(device, peer=0.1), inputs()
    roots = [torch.ones(x.shape, dtype=x.dtype, requires_grad=True) for x in given]
    hanging = tuple(x * root for x, root in zip(given, roots, strict=True))
    y, _ = layer.learn(hanging)
    assert not y.requires_grad
    assert all(root.grad is None for root in roots)
    assert all(p.grad.abs().max() > 1e-9 for p in layer.parameters())
    assert not layer(*hanging).requires_grad


@every_layer
def test_the_local_gradient_is_that_of_the_weights_that_are_held(make, inputs):
    """The closed form against autograd, on tiles that hold only few levels."""
    layer = make(ResistiveDevice("coarse", levels=3))
    block = inputs()
    expected = reference_gradients(layer, *_passes(block))
    layer.learn(block)
    for parameter, gradient in zip(layer.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-9)
    assert layer.weight.grad.abs().max() > 1e-6


def _passes(block):
    if len(block) == 1:
        return [(half,) for half in block[0].chunk(2)]
    images, both = block
    return [(images, one) for one in both.chunk(2)]


@every_layer
def test_layers_are_built_again_from_their_parts(make, inputs):
    layer = make(PRESETS["rpu"].device, seed=5)
    again = type(layer)(**layer.parts(), generator=generator(9), dtype=torch.float64)
    again.load_state_dict(layer.state_dict())
    assert str(again) == str(layer)
    assert again(*inputs()).equal(layer(*inputs()))


@every_layer
def test_a_copy_learns_apart(make, inputs):
    layer = make(PRESETS["rpu"].device)
    twin = copy.deepcopy(layer)
    before = layer.weight.detach().clone()
    twin.learn(inputs())
    DrawnPulses(1.0).build(twin.parameters()).step()
    assert twin.weight.tile is twin.tile
    assert not twin.weight.equal(before)
    assert layer.weight.equal(before)


@every_layer
def test_a_rule_that_knows_of_no_tiles_is_found_out(make, inputs):
    for device in (IDEAL, PRESETS["rpu"].device, PRESETS["pcm"].device):
        layer = make(device)
        layer.learn(inputs())
        SmoothedGradient(0.1).build(layer.parameters()).step()
        if device is IDEAL:
            layer(*inputs())
        else:
            with pytest.raises(UsageError, match="other than pulses; learn by a rule of"):
                layer(*inputs())


@every_layer
def test_a_layer_may_change_its_dtype(make, inputs):
    layer = make(PRESETS["pcm"].device).float()
    assert layer(*(x.float() for x in inputs())).dtype == torch.float32


@every_layer
def test_a_tile_is_not_read_backwards(make, inputs):
    with pytest.raises(UsageError, match="one direction only"):
        make().input_slope(*inputs())


def test_so_there_is_no_adversary():
    net = learner_on(IDEAL).network
    learner = Simultaneous(
        net, hard_by_softmax, DrawnPulses(0.1), DrawnPulses(0.1), adversary=FastGradientSign(0.1)
    )
    learner.begin(dataset().train, 0, 0)
    with pytest.raises(UsageError, match="without an adversary"):
        learner.step(torch.arange(8), generator(), 1.0)


def test_each_image_s_label_is_a_read_of_its_own():
    layer = labelled(replace(IDEAL, name="noisy", read_noise=0.1))
    images = torch.zeros(400, 8).double()  # so that all noise is the label's
    z = layer.preactivation(images, every_label(CLASSES, images)).detach()
    assert float(z.view(CLASSES, 400, 5).std(1).min()) > 0.1


def test_range_and_room():
    layer = labelled(PRESETS["rpu"].device)
    assert layer.tile.weight_range == pytest.approx(5 / 8**0.5)
    assert layer.label_tile.weight_range == pytest.approx(10 / 8**0.5)
    assert dense(weight_range=0.3).tile.weight_range == 0.3
    with pytest.raises(UsageError, match="above 0"):
        dense(weight_range=0.0)


def test_a_net_is_copied_onto_tiles_and_left_as_it_is():
    net = network()
    before = copy.deepcopy(net.state_dict())
    device = ResistiveDevice("coarse", levels=50)
    on = on_tiles(net, device, 0)
    assert net.state_dict().keys() == before.keys()
    assert all(value.equal(before[key]) for key, value in net.state_dict().items())
    assert [type(layer) for layer in on.layers] == [AnalogLabelledDense, AnalogDense, AnalogDense]
    assert len(list(tile_weights(on))) == 4
    assert on.read_from == net.read_from
    assert json.dumps(on.config())
    for weight, target in zip(tile_weights(on), tile_weights_of(net), strict=True):
        room = weight.tile.weight_range
        off = (weight - target.clamp(-room, room)).detach().abs()
        assert float(off.max()) <= room / 50 / 2 * (1 + 1e-5)
    assert on.head.weight.equal(net.head.weight)


def tile_weights_of(net):
    return [p for name, p in net.named_parameters() if "weight" in name and "layers" in name]


def test_nets_on_the_same_tiles_differ_by_their_seed():
    device = PRESETS["rpu"].device
    one, same, other = (on_tiles(network(), device, seed).layers[1].weight for seed in (0, 0, 1))
    assert one.equal(same)
    assert not one.equal(other)


def test_most_weights_fill_the_range():
    weight = torch.cat([torch.full((99, 1), 0.5), torch.tensor([[7.0]])])
    assert most_weights(weight) == 0.5
    on = on_tiles(network(), ResistiveDevice("coarse", levels=50), 0, most_weights)
    for weight in tile_weights(on):
        assert float(weight.detach().abs().max()) <= weight.tile.weight_range * (1 + 1e-6)


def test_other_layers_have_no_tile():
    joint = Joint([Dense(9, 8, bias=False, generator=generator())])
    first = LabelledDense(PIXELS, CLASSES, 9, generator=generator())
    with pytest.raises(UsageError, match="Joint layer has no tile"):
        on_tiles(FeedForward([first, joint], CLASSES), IDEAL, 0)


def test_other_networks_have_no_tiles():
    class Odd(FeedForward):
        pass

    odd = Odd([LabelledDense(PIXELS, CLASSES, 9, generator=generator())], CLASSES)
    with pytest.raises(UsageError, match="Odd has no tiles"):
        on_tiles(odd, IDEAL, 0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_no_tile_holds(value):
    """A range without end would write zeros everywhere else."""
    diverged = network()
    with torch.no_grad():
        diverged.layers[1].weight[0, 0] = value
    with pytest.raises(UsageError, match="layers.1.weight is not finite, and no tile holds that"):
        on_tiles(diverged, PRESETS["rpu"].device, 0, most_weights)


def test_a_net_ages():
    device = ResistiveDevice("drifting", levels=100, drift_exponent=0.1)
    net = on_tiles(network(), device, 0)
    before = [w.detach().clone() for w in tile_weights(net)]
    age(net, 20 * 1023)
    for weight, old in zip(tile_weights(net), before, strict=True):
        assert isinstance(weight, TileWeight)
        torch.testing.assert_close(weight.detach(), old * 2**-1.0, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("seconds", [-1, -100, float("nan"), float("inf")])
def test_a_time_that_cannot_pass_is_refused_and_ages_nothing(seconds):
    net = on_tiles(network(), PRESETS["pcm"].device, 0)
    before = [p.clone() for p in net.parameters()]
    with pytest.raises(UsageError, match="seconds since writing: 0 or more"):
        age(net, seconds)
    assert all(map(torch.equal, before, net.parameters()))


@pytest.mark.parametrize("hardware", ["rpu", PRESETS["rpu"]])
def test_what_is_no_device_makes_no_tiles(hardware):
    with pytest.raises(
        UsageError, match=r"give a ResistiveDevice, such as PRESETS\['rpu'\].device"
    ):
        on_tiles(network(), hardware, 0)
