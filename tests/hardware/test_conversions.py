"""Conversions by hand, and against what simulated tiles do in a step."""

import pytest
import torch

from forward_forward.hardware.conversions import (
    Costs,
    Sizes,
    backpropagation,
    backpropagation_step,
    forward_forward,
    forward_forward_step,
    table,
)
from forward_forward.hardware.crossbar import Crossbar
from forward_forward.hardware.devices import ResistiveDevice
from forward_forward.hardware.onto_tiles import on_tiles
from forward_forward.hardware.presets import PRESETS
from forward_forward.hardware.pulses import DrawnPulses
from forward_forward.negatives import hard_by_softmax, random_wrong_label
from forward_forward.training.simultaneous import Simultaneous
from toys import CLASSES, PIXELS, WIDTHS, dataset, generator, network

SMALL = Sizes(pixels=7, classes=2, widths=(5, 3))


def test_a_forward_pass_by_hand():
    image, label, second = 7 * 5, 2 * 5, 5 * 3
    assert forward_forward(SMALL, 2) == Costs(
        products=image + 2 * (label + second),
        dac=7 + 2 * (2 + 5),
        adc=5 + 2 * (5 + 3),
    )
    assert forward_forward(SMALL, 2, analog=True) == Costs(
        products=image + 2 * (label + second),
        dac=7 + 2 * 2,
        adc=2 * 2,  # the goodness of two layers
    )


def test_a_step_by_hand():
    updates = 7 * 5 + 2 * (2 * 5 + 5 * 3)
    step = forward_forward_step(SMALL)
    assert step == forward_forward(SMALL, 2) + Costs(updates=updates)
    asked = forward_forward_step(SMALL, asks_first=True)
    assert asked == forward_forward(SMALL, 3) + Costs(updates=updates)
    analog = forward_forward_step(SMALL, analog=True, asks_first=True)
    assert analog.adc == 3 * 2 + 3  # goodness, and what the softmax reads: layer 2 of 2
    assert analog.updates == updates


def test_backpropagation_by_hand():
    up = 7 * 5 + 5 * 3 + 3 * 2
    assert backpropagation(SMALL) == Costs(products=up, dac=7 + 5 + 3, adc=5 + 3 + 2)
    down = 5 * 3 + 3 * 2
    assert backpropagation_step(SMALL) == Costs(
        products=up + down, updates=up, dac=7 + 5 + 3 + 3 + 2, adc=5 + 3 + 2 + 5 + 3
    )


def test_energy():
    device = ResistiveDevice("plain")
    assert Costs(products=1000).joules(device) == pytest.approx(1000 * device.joules_per_product)
    step = table(Sizes(784, 10, (500, 500)))["ff_step"]
    assert step.joules(PRESETS["pcm"].device) == pytest.approx(0.23e-6, rel=0.02)  # docs/analog.md


def test_the_table_has_every_way():
    found = table(Sizes(784, 10, (500, 500)))
    assert found["ff_answer"] == forward_forward(Sizes(784, 10, (500, 500)), 10)
    assert found["ff_step_analog_between"].adc == 4
    assert found["ff_step_analog_between"].products == found["ff_step"].products


@pytest.mark.parametrize("hard", [False, True])
def test_simulated_tiles_convert_as_often_as_is_counted(hard, monkeypatch):
    done = {"dac": 0, "adc": 0, "products": 0}
    sense = Crossbar.sense

    def counted(self, y, x):
        rows = y.numel() // self.columns
        done["dac"] += rows * self.rows
        done["adc"] += y.numel()
        done["products"] += rows * self.rows * self.columns
        return sense(self, y, x)

    monkeypatch.setattr(Crossbar, "sense", counted)
    device = ResistiveDevice("noisy", dac_bits=7, adc_bits=9, output_noise=0.1)
    net = on_tiles(network(head=hard, read_from=1), device, 0)
    negatives = hard_by_softmax if hard else random_wrong_label
    learner = Simultaneous(net, negatives, DrawnPulses(0.1), DrawnPulses(0.1))
    data = dataset()
    learner.begin(data.train, 0, 0)
    learner.step(torch.arange(8), generator(), 1.0)
    sizes = Sizes(PIXELS, CLASSES, WIDTHS)
    expected = forward_forward_step(sizes, asks_first=hard)
    assert done == {name: 8 * getattr(expected, name) for name in done}
    done.update(dac=0, adc=0, products=0)
    net.label_goodness(data.test.images, torch.eye(CLASSES).unsqueeze(1))
    expected = forward_forward(sizes, CLASSES)
    assert done == {name: len(data.test) * getattr(expected, name) for name in done}
