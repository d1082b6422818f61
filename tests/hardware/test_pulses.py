"""From a wanted change to pulses: right on average, or kept until it is whole; and the digital rule elsewhere."""

import pytest
import torch
from torch import nn

from forward_forward.errors import UsageError
from forward_forward.hardware.analog_dense import in_tile
from forward_forward.hardware.crossbar import TileWeight
from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.hardware.presets import PRESETS
from forward_forward.hardware.pulses import DrawnPulses, KeptPulses, in_steps
from forward_forward.hardware.steps import first_step
from forward_forward.training.optimizers import SmoothedGradient, set_rate
from toys import generator, normal, uniform

FINE = ResistiveDevice("fine", levels=1000)
every_rule = pytest.mark.parametrize("rule", [DrawnPulses, KeptPulses])


def in_fine_tile(shape=(5, 4), device=FINE, weight_range=1.0):
    weight = in_tile(normal(*shape) * 0.2, device, weight_range, seed=0)
    weight.grad = torch.zeros_like(weight.data)
    return weight


def test_drawn_pulses_are_whole_and_right_on_average():
    weight, rule = in_fine_tile((300, 300)), DrawnPulses(rate=0.1)
    pulses = torch.tensor([0.0, 0.003, -0.3, 0.5, 2.75, -6.2])
    weight.grad = (-pulses[torch.arange(300) % 6] / 1000 / 0.1).double().expand(300, 300)
    counts = torch.zeros(300, 300).double()
    for turn in range(8):
        drawn = rule.counts(weight, 0.1, {}, slice(0, 300), generator(turn))
        assert drawn.equal(drawn.round())
        counts += drawn / 8
    for which, wanted in enumerate(pulses.tolist()):
        found = counts[:, torch.arange(300) % 6 == which]
        assert float(found.mean()) == pytest.approx(wanted, abs=0.008)
        assert bool(((found - wanted).abs() < 1).all())


def test_kept_pulses_lose_nothing():
    weight, rule, kept = in_fine_tile(), KeptPulses(rate=0.1), {}
    total, given = torch.zeros(5, 4).double(), torch.zeros(5, 4).double()
    for turn in range(50):
        weight.grad = normal(5, 4, seed=turn) * 0.004
        total -= 0.1 * weight.grad * 1000
        counts = rule.counts(weight, 0.1, kept, slice(0, 5), generator())
        assert counts.equal(counts.round())
        given += counts
        assert bool(((total - given).abs() < 1 + 1e-9).all())
    assert bool((given != 0).any())


def test_a_pulse_is_reckoned_as_large_as_it_is_at_zero():
    device = ResistiveDevice("bent", levels=1000, curve_up=3.0, curve_down=3.0)
    weight = in_fine_tile(device=device, weight_range=0.5)
    weight.grad.fill_(-1.0)
    counts = DrawnPulses(rate=1.0).counts(weight, 1.0, {}, slice(0, 5), generator())
    expected = 1.0 / (0.5 * first_step(device))
    assert bool(((counts - expected).abs() <= 1).all())


@every_rule
def test_weight_decay_pulls_towards_zero(rule):
    weight = in_fine_tile()
    start = weight.detach().clone()
    optimizer = rule(rate=0.1, weight_decay=0.5).build([weight])
    for _ in range(40):
        optimizer.step()
    expected = start * (1 - 0.05) ** 40
    assert float((weight - expected).detach().abs().max()) < 0.02


@every_rule
@pytest.mark.parametrize("smoothing", [0.0, 0.9])
def test_many_small_steps_are_those_of_gradient_descent(rule, smoothing):
    weight = in_fine_tile((50, 40))
    digital = nn.Parameter(weight.detach().clone())
    rule = rule(rate=0.05, smoothing=smoothing)
    optimizers = [rule.build([weight]), rule.build([digital])]
    target = normal(50, 40, seed=7) * 0.2
    for _ in range(120):
        for parameter in (weight, digital):
            gradient = (parameter.detach() - target) * rule.share
            old = torch.zeros_like(gradient) if parameter.grad is None else parameter.grad
            parameter.grad = rule.decay * old + gradient
        for optimizer in optimizers:
            optimizer.step()
    assert float((digital - target).detach().abs().max()) < 0.01
    assert float((weight - digital).detach().abs().max()) < 0.02


@every_rule
def test_digital_parameters_step_as_by_the_digital_rule(rule):
    ours, theirs = (nn.Linear(4, 3) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    built = [
        rule(rate=0.3, weight_decay=0.1).build(ours.parameters()),
        SmoothedGradient(rate=0.3, weight_decay=0.1).build(theirs.parameters()),
    ]
    for turn, gain in enumerate((1.0, 0.25)):
        for net, optimizer in zip((ours, theirs), built, strict=True):
            for parameter in net.parameters():
                parameter.grad = uniform(*parameter.shape, seed=turn, dtype=torch.float32)
            set_rate(optimizer, gain)
            versions = [p._version for p in net.parameters()]
            optimizer.step()
            assert all(p._version > v for p, v in zip(net.parameters(), versions, strict=True))
    for mine, its in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert mine.equal(its)


def test_an_ideal_tile_takes_what_is_wanted():
    ideal, digital = in_fine_tile(device=PRESETS["ideal"].device), nn.Parameter(normal(5, 4) * 0.2)
    assert not in_steps(ideal)
    assert isinstance(ideal, TileWeight)
    for parameter in (ideal, digital):
        parameter.grad = normal(5, 4, seed=1)
        DrawnPulses(rate=0.1, weight_decay=0.1).build([parameter]).step()
    assert ideal.equal(digital)


def test_weight_and_bias_step_together_and_the_rate_is_the_schedule_s():
    weight, bias = in_fine_tile(), nn.Parameter(torch.zeros(4).double())
    weight.grad.fill_(1.0)
    bias.grad = torch.ones(4).double()
    before = weight.detach().clone()
    optimizer = KeptPulses(rate=0.1).build([weight, bias])
    set_rate(optimizer, 0.5)
    version = weight._version
    optimizer.step()
    assert weight._version > version
    torch.testing.assert_close(bias.detach(), torch.full((4,), -0.05).double())
    torch.testing.assert_close(weight.detach(), before - 0.05, atol=1e-3, rtol=0)
    set_rate(optimizer, 0.0)
    after = weight.detach().clone()
    optimizer.step()
    assert weight.equal(after)


@pytest.mark.parametrize("options", [{"smoothing": 1.0}, {"smoothing": -0.1}, {"rate": 0.0}])
def test_impossible_rules(options):
    with pytest.raises(UsageError):
        DrawnPulses(**{"rate": 0.1, **options})
