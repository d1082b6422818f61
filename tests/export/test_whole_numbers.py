"""Weights of 8 bits: nearly what floats compute, right on average, and enough to learn digits."""

import re

import numpy as np
import pytest
import torch

from compiled import Library, have, program, run, samples, write
from forward_forward.data.digits import load
from forward_forward.errors import UsageError
from forward_forward.export.c import c_sources
from forward_forward.goodness import mean_of_squares
from forward_forward.losses import SiLU, SymBa, ThresholdLogistic
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import unit_length
from forward_forward.readout import accumulated_goodness
from forward_forward.recipes.best_supervised import best_learner
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan
from toys import generator, network

needs_gcc = pytest.mark.skipif(not have("gcc"), reason="there is no gcc")


@pytest.fixture(scope="module")
def digits():
    return load()


def digits_net(widths, **options):
    return FeedForward.dense(64, 10, list(widths), generator=generator(), head=False, **options)


@needs_gcc
def test_whole_numbers_compute_nearly_what_floats_do(tmp_path, digits):
    net = digits_net((100, 100), goodness=mean_of_squares)
    library = Library(tmp_path, net, int8=True)
    with torch.no_grad():  # the same rounded weights
        for layer, rows in zip(net.layers, library.weights, strict=True):
            shift = round(np.log2(np.abs(rows).max() / float(layer.weight.abs().max())))
            parts = torch.from_numpy(rows.T / 2.0**shift).float()
            if layer is net.layers[0]:
                layer.label_weight.copy_(parts[:10])
                layer.weight[10:] = parts[10:64]
            else:
                layer.weight.copy_(parts[:-1])
    expected = accumulated_goodness(net, digits.test.images[:50]).numpy()
    found = np.stack([library.predict(image)[1] for image in digits.test.images[:50]]) / 65536
    np.testing.assert_allclose(found, expected, rtol=0.03)


@needs_gcc
def test_rounding_by_chance_is_right_on_average(tmp_path, digits):
    net = digits_net((20,), goodness=mean_of_squares, loss=ThresholdLogistic(temperature=1.0))
    whole = Library(tmp_path / "int8", net, int8=True, rate=0.001)
    exact = Library(tmp_path / "float", net, rate=0.001)
    start = whole.weights[0].copy()
    scale = 2.0 ** round(np.log2(np.abs(start).max() / np.abs(exact.weights[0]).max()))
    exact.weights[0][:] = begun = start / scale
    image, label = digits.train.images[0], digits.train.labels[0]
    exact.learn_pass(image, label, real=True)
    expected = (exact.weights[0] - begun) * scale
    moved = np.zeros_like(expected)
    for _ in range(2000):
        whole.weights[0][:] = start
        whole.learn_pass(image, label, real=True)
        moved += whole.weights[0] - start
    assert 0.01 < np.abs(expected).max() < 0.9  # steps that rounding to the nearest would lose
    np.testing.assert_allclose(moved / 2000, expected, atol=0.05)
    assert abs(moved.sum() / 2000 / expected.sum() - 1) < 0.03


@needs_gcc
def test_both_learn_digits(tmp_path, digits):
    net = digits_net((100, 100), goodness=mean_of_squares, loss=SiLU())
    order = torch.cat([torch.randperm(1437, generator=generator(e)) for e in range(3)])
    right = {}
    for int8 in (False, True):
        folder = write(tmp_path / f"{int8}", net, int8=int8, rate=0.0003)
        learn = samples(
            folder / "learn", digits.train.images[order], digits.train.labels[order], int8
        )
        none = samples(folder / "none", digits.train.images[:0], digits.train.labels[:0], int8)
        judge = samples(folder / "judge", digits.test.images, digits.test.labels, int8)
        for name in (none, learn):
            said = run(program(folder), name, judge)
            right[int8, name.name] = int(re.search(r"right (\d+) of 360", said)[1]) / 3.6
    assert max(right[False, "none"], right[True, "none"]) < 30
    assert right[False, "learn"] > 86
    assert right[True, "learn"] > 82


@needs_gcc
def test_a_wide_net_that_has_learned_goes_on_and_forgets_little(tmp_path, digits):
    learner = best_learner(digits, [200, 200], seed=0, rate=0.01, matmul_dtype=torch.float32)
    train(learner, digits, Plan(epochs=3, batch_size=50))
    images, labels = digits.train.images[:300], digits.train.labels[:300]
    test = digits.test.images[:180], digits.test.labels[:180]
    for int8, lost in ((False, 3), (True, 8)):
        folder = write(tmp_path / f"{int8}", learner.network, int8=int8)
        judge = samples(folder / "judge", *test, int8)
        right = []
        for count in (0, 300):
            learn = samples(folder / "learn", images[:count], labels[:count], int8)
            said = run(program(folder), learn, judge)
            right.append(int(re.search(r"right (\d+) of 180", said)[1]) / 1.8)
        assert right[0] > 86
        assert right[1] > right[0] - lost


REFUSED_IN_WHOLE_NUMBERS = {
    "not standardised": {"pixel_mean": 0.5},
    "by `length`": {"normalization": unit_length},
    "do not fit 8 bits": {"strength": 300.0},
    "of steepness": {"loss": SymBa(1000.0)},
    "squares are summed": {"goodness": lambda y: 3 * y.square().sum(-1)},
}


@pytest.mark.parametrize(
    ("says", "options"), REFUSED_IN_WHOLE_NUMBERS.items(), ids=REFUSED_IN_WHOLE_NUMBERS
)
def test_parts_that_whole_numbers_have_not_are_refused(says, options):
    c_sources(network(head=False, **options))
    with pytest.raises(UsageError, match=says):
        c_sources(network(head=False, **options), int8=True)
