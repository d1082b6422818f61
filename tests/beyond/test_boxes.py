"""Ready boxes: each does what it says, and a net learns around it."""

import signal

import pytest
import torch

from forward_forward.beyond.black_box import boxed
from forward_forward.beyond.boxes import external, one_bit, spiking, unknown_function
from forward_forward.beyond.external import ExternalProcess, example_command
from forward_forward.errors import UsageError
from forward_forward.negatives import hard_by_softmax
from forward_forward.training.evaluation import evaluate
from forward_forward.training.loop import train
from forward_forward.training.optimizers import Adam, SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous
from toys import CLASSES, PIXELS, dataset, generator, normal, uniform

UNITS = 30
MAKERS = {
    "unknown function": lambda: unknown_function(UNITS, generator=generator(1)),
    "one bit": lambda: one_bit(generator=generator(1)),
    "external process": lambda: external(ExternalProcess(example_command(1))),
    "spiking": spiking,
}


def learner(box, seed=0):
    net = boxed(PIXELS, CLASSES, [UNITS] * 2, [box], generator=generator(seed), peer=0.06)
    return Simultaneous(net, hard_by_softmax, Adam(rate=0.01), SmoothedGradient(rate=0.3))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_net_learns_above_it(make):
    data, taught = dataset(120), learner(make())
    before = evaluate(taught.scores, data.train, CLASSES).layer_errors[1]
    train(taught, data, Plan(epochs=10, batch_size=20))
    assert evaluate(taught.scores, data.train, CLASSES).layer_errors[1] < 20 < before


def test_unknown_functions_go_up_and_down_each_its_own_way():
    units = 200
    box = unknown_function(units, generator=generator())
    h = torch.linspace(0, 4, 400, dtype=torch.float64).unsqueeze(1)
    values = box(h.expand(-1, units))
    assert values.equal(box(h.expand(-1, units)))
    steps = values.diff(dim=0)
    both_ways = (steps > 0).any(0) & (steps < 0).any(0)
    assert both_ways.double().mean() > 0.85
    apart = (values[:, :, None] - values[:, None, :]).abs().amax(0)
    assert (apart + 9 * torch.eye(units)).min() > 0.1  # no two alike
    other = unknown_function(units, generator=generator(1))(h.expand(-1, units))
    assert (other - values).abs().mean() > 0.5


def test_an_unknown_function_stays_unknown():
    box = unknown_function(4, generator=generator())
    assert not list(box.parameters())
    assert not box.state_dict()


def test_one_bit_is_right_on_average():
    h = torch.linspace(0, 3, 31, dtype=torch.float64)
    drawn = one_bit(generator=generator(), top=2.0)(h.expand(4000, -1))
    assert drawn.unique().tolist() == [0, 2]
    spread = (h * (2 - h).clamp(min=0) / 4000).sqrt()
    assert ((drawn.mean(0) - h.clamp(max=2)).abs() <= 4.5 * spread).all()


def test_one_bit_is_drawn_anew_from_its_generator_alone():
    h = uniform(50, 7)
    box, again = (one_bit(generator=generator(3)) for _ in range(2))
    before = torch.get_rng_state()
    first, second = box(h), box(h)
    assert not first.equal(second)
    assert again(h).equal(first)
    assert torch.get_rng_state().equal(before)


def test_bits_go_on_where_a_run_was_interrupted(tmp_path):
    data, plan = dataset(), Plan(epochs=3, batch_size=8)

    def fresh():
        return learner(one_bit(generator=generator(5)))

    whole, parted, again = fresh(), fresh(), fresh()
    train(whole, data, plan)
    step, done = parted.step, []

    def interrupted(*arguments):
        seen = step(*arguments)
        done.append(seen)
        if len(done) == 5:
            signal.raise_signal(signal.SIGINT)
        return seen

    parted.step = interrupted
    with pytest.raises(KeyboardInterrupt):
        train(parted, data, plan, folder=tmp_path)
    train(again, data, plan, folder=tmp_path, resume=True)
    expected = whole.network.state_dict()
    assert "boxes.0.fn._extra_state" in expected
    for name, value in again.network.state_dict().items():
        assert value.equal(expected[name]), name


def test_spikes_are_counted_as_one_neuron_after_another_would():
    h = normal(5, 7).abs() * 2

    def count(drive):
        potential, fired = 0.0, 0
        for _ in range(12):
            potential = 0.8 * potential + 0.3 * drive
            if potential >= 1.5:
                fired, potential = fired + 1, potential - 1.5
        return fired / 12

    expected = [[count(drive) for drive in row] for row in h.tolist()]
    rates = spiking(steps=12, leak=0.8, gain=0.3, threshold=1.5)(h)
    torch.testing.assert_close(rates, torch.tensor(expected, dtype=h.dtype))
    assert len(rates.unique()) > 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: unknown_function(0, generator=generator()),
        lambda: unknown_function(3, generator=generator(), waves=0),
        lambda: one_bit(generator=generator(), top=0.0),
        lambda: one_bit(generator=generator(), top=float("nan")),
        lambda: spiking(steps=0),
        lambda: spiking(leak=1.1),
        lambda: spiking(gain=0.0),
        lambda: spiking(threshold=-1.0),
    ],
)
def test_a_box_that_cannot_be(make):
    with pytest.raises(UsageError):
        make()
