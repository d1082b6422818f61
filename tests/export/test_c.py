"""The C code against torch: the same steps, the same answers, the same bits on every machine."""

import re

import numpy as np
import pytest
import torch

from compiled import Library, have
from forward_forward.data.digits import load
from forward_forward.errors import UsageError
from forward_forward.export.c import STRIDE, c_sources, fitting_rate
from forward_forward.goodness import (
    mean_of_opposed_squares,
    mean_of_squares,
    negative_mean_of_squares,
    sum_of_activities,
)
from forward_forward.labels import concatenate, one_of_n
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.losses import SiLU, SymBa, ThresholdLogistic
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import sum_to_units, unit_length, unnormalized
from forward_forward.readout import accumulated_goodness
from toys import generator, network

needs_gcc = pytest.mark.skipif(not have("gcc"), reason="there is no gcc")
PAIRS = {"goodness": mean_of_squares, "loss": SiLU(), "place": concatenate}
RATE = 0.001  # at three times that learning itself is unsteady, and last bits grow to differences


@pytest.fixture(scope="module")
def digits():
    return load()


def digits_net(widths=(40, 30), **options):
    return FeedForward.dense(64, 10, list(widths), generator=generator(), head=False, **options)


def torch_learns(net, image, labels, positives, rate=RATE):
    """Learn plainly from one image with these labels, the first so many of them right."""
    codes = one_of_n(labels, net.classes, net.layers[0].weight).unsqueeze(1)
    inputs = (net.project(image.unsqueeze(0)), codes)
    for layer in net.layers:
        y, _ = layer.learn(inputs, positives=positives)
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter -= rate * parameter.grad
        inputs = (net.normalization(y),)


def as_rows(net):
    """Return torch's weights in the places where C has them."""
    first = net.layers[0]
    kept = first.weight[first.in_features + first.classes - first.fan_in :]
    overlaid = first.fan_in == first.in_features
    order = [first.label_weight, kept] if overlaid else [kept, first.label_weight]
    matrices = [torch.cat([*order, first.bias.unsqueeze(0)])]
    for layer in net.layers[1:]:
        bias = torch.zeros(layer.units) if layer.bias is None else layer.bias
        matrices.append(torch.cat([layer.weight, bias.unsqueeze(0)]))
    return [matrix.detach().T.numpy() for matrix in matrices]


def farthest(net, library):
    pairs = zip(as_rows(net), library.weights, strict=True)
    return max(float(np.abs(ours - its).max()) for ours, its in pairs)


APART = {
    "paper": {},
    "means": {"goodness": mean_of_squares, "loss": ThresholdLogistic(temperature=0.5)},
    "beside, standardised": {
        "place": concatenate, "strength": 2.0, "pixel_mean": 0.3, "pixel_std": 0.4
    },
    "unit length": {"normalization": unit_length, "loss": ThresholdLogistic(2.0)},
    "unnormalised": {"normalization": unnormalized},
    "quiet": {"goodness": negative_mean_of_squares, "widths": (30,)},
}  # fmt: skip


@needs_gcc
@pytest.mark.parametrize("options", APART.values(), ids=APART)
def test_passes_apart_are_torchs(tmp_path, digits, options):
    net = digits_net(**options)
    library, before = Library(tmp_path, net, rate=RATE), as_rows(net)
    labels = digits.train.labels[: 300 if not options else 60]
    wrong = (labels + 1 + torch.arange(len(labels)) % 9) % 10
    for image, *both in zip(digits.train.images, labels, wrong, strict=False):
        for label, positives in zip(both, (1, 0), strict=True):
            torch_learns(net, image, label.view(1), positives)
        assert library.learn(image, *both) == 0
    assert farthest(net, library) <= 1e-6
    moved = [np.abs(old - now).max() for old, now in zip(before, as_rows(net), strict=True)]
    assert min(moved) > 1e-4
    predicts_as_torch(library, net, digits.test.images[:40])


@needs_gcc
@pytest.mark.parametrize("loss", [SiLU(), SymBa()], ids=["silu", "symba"])
def test_pairs_are_torchs(tmp_path, digits, loss):
    net = digits_net((40, 30, 20), **PAIRS | {"loss": loss})
    library = Library(tmp_path, net, rate=RATE)
    labels = digits.train.labels[: 300 if loss == SiLU() else 60]
    wrong = (labels + 1 + torch.arange(len(labels)) % 9) % 10
    for image, *both in zip(digits.train.images, labels, wrong, strict=False):
        torch_learns(net, image, torch.stack(both), 1)
        assert library.learn(image, *both) == 0
    assert farthest(net, library) <= 1e-6
    predicts_as_torch(library, net, digits.test.images[:40])


def predicts_as_torch(library, net, images):
    expected = accumulated_goodness(net, images)
    for image, goodness in zip(images, expected, strict=True):
        answer, found = library.predict(image)
        np.testing.assert_allclose(found, goodness.numpy(), rtol=1e-5, atol=1e-5)
        assert answer == found.argmax()


@needs_gcc
def test_a_pass_alone_and_layers_without_bias(tmp_path, digits):
    first = LabelledDense(64, 10, 20, generator=generator())
    net = FeedForward([first, Dense(20, 9, bias=False, generator=generator(1))], 10, head=False)
    library = Library(tmp_path, net, rate=RATE)
    image, label = digits.train.images[3], digits.train.labels[3]
    assert library.learn_pass(image, label, real=True) == 0
    torch_learns(net, image, label.view(1), 1)
    for ours, its in zip(as_rows(net)[0], library.weights[0], strict=True):
        np.testing.assert_allclose(its, ours, atol=1e-7)


@needs_gcc
@pytest.mark.parametrize("int8", [False, True], ids=["float", "int8"])
@pytest.mark.parametrize("options", [{}, PAIRS], ids=["apart", "pairs"])
def test_labels_that_are_none_teach_nothing(tmp_path, options, int8):
    net = network(head=False, **options)
    library = Library(tmp_path, net, int8=int8)
    image, before = np.ones(12), library.code.ff_hash()
    for label, wrong in [(0, 0), (-1, 0), (0, -1), (3, 0), (0, 3)]:
        assert library.learn(image, label, wrong) == -1
    assert library.code.ff_hash() == before
    assert library.learn(image, 0, 1) == 0
    assert library.code.ff_hash() != before
    library.code.ff_seed(7)
    drawn = [library.code.ff_wrong_label(1) for _ in range(300)]
    library.code.ff_seed(7)
    assert drawn == [library.code.ff_wrong_label(1) for _ in range(300)]
    assert 100 < drawn.count(0) < 200
    assert drawn.count(1) == 0
    if not options:
        assert library.learn_pass(image, 3, real=True) == -1


@needs_gcc
@pytest.mark.parametrize("int8", [False, True], ids=["float", "int8"])
def test_an_empty_image_and_silent_layers_stay_finite(tmp_path, int8):
    net = network(head=False)
    with torch.no_grad():
        net.layers[1].weight.zero_()
    library = Library(tmp_path, net, int8=int8)
    for _ in range(5):
        library.learn(np.zeros(12), 0, 1)
    answer, goodness = library.predict(np.zeros(12))
    assert 0 <= answer < 3
    assert np.isfinite(goodness.astype(float)).all()
    assert all(np.isfinite(w.astype(float)).all() for w in library.weights)


def test_the_fitting_rate_falls_with_inputs_of_more_length():
    assert fitting_rate(digits_net((40, 200, 30))) == STRIDE / 200
    assert fitting_rate(digits_net((40, 200), place=concatenate)) == STRIDE / 74
    assert fitting_rate(digits_net((40, 200), normalization=unit_length)) == STRIDE
    for int8 in (False, True):
        sources = c_sources(digits_net((40, 50, 30)), int8=int8)
        assert "rate 0.00015625" in sources["ff_net.c"].lower()


def test_sources_are_readable_and_licensed():
    for int8 in (False, True):
        for options in ({}, PAIRS):
            sources = c_sources(digits_net(**options), int8=int8)
            assert list(sources) == ["ff_net.h", "ff_net.c", "main.c"]
            for text in sources.values():
                assert "Licence: MIT." in text
                assert max(map(len, text.splitlines())) <= 130
                assert "\t" not in text
                assert "\n\n\n" not in text
                assert text.isascii()
                assert not re.search(r"malloc|math\.h|\{[{%]", text.replace("no malloc", ""))


REFUSED = {
    "sum of squares": {"goodness": sum_of_activities},
    "not mean_of_opposed_squares": {"goodness": mean_of_opposed_squares},
    "normalises by length": {"normalization": sum_to_units},
}


@pytest.mark.parametrize(("says", "options"), REFUSED.items(), ids=REFUSED)
def test_parts_that_c_has_not_are_refused(says, options):
    with pytest.raises(UsageError, match=says):
        c_sources(network(head=False, **options))


def test_rates_and_weights_that_do_not_fit_are_refused():
    for rate in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="must be above 0"):
            c_sources(network(), rate=rate)
    with pytest.raises(UsageError, match="choose another rate"):
        c_sources(network(), rate=1e-9, int8=True)
    large = network()
    with torch.no_grad():
        large.layers[1].weight[0, 0] = 100
    with pytest.raises(UsageError, match="no room in 8 bits"):
        c_sources(large, int8=True)


def test_layers_must_agree_on_what_c_has_once():
    net = network()
    net.layers[1].loss = SymBa()
    with pytest.raises(UsageError, match="different losses"):
        c_sources(net)
    net = network()
    net.layers[0].normalization = unit_length
    with pytest.raises(UsageError, match="one normalisation for all"):
        c_sources(net)
