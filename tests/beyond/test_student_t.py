"""Units under a t-distribution: what their activation is, and that closed forms are autograd."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import StudentT as Distribution

from forward_forward import goodness
from forward_forward.adversarial import FastGradientSign
from forward_forward.beyond.student_t import (
    LabelledStudentT,
    StudentT,
    negative_log_density,
    slope_of_density,
)
from forward_forward.discover import members
from forward_forward.errors import FFError
from forward_forward.goodness import mean_of_squares
from forward_forward.labels import concatenate, one_of_n, overlay
from forward_forward.layers.described import describe_layer
from forward_forward.losses import SiLU, ThresholdLogistic
from forward_forward.negatives import hard_by_softmax
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import length, sum_to_units
from forward_forward.training.evaluation import evaluate
from forward_forward.training.loop import train
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.reference import reference_gradients
from forward_forward.training.simultaneous import Simultaneous
from toys import CLASSES, PIXELS, dataset, generator, labels_of, normal, uniform

BATCH, UNITS = 6, 5
GOODNESS = list(members(goodness).values())
alphas = st.floats(0.51, 20)
outputs = st.floats(-1e4, 1e4)


def plain(**parts):
    return StudentT(PIXELS, UNITS, generator=generator(), dtype=torch.float64, **parts)


def labelled(**parts):
    return LabelledStudentT(
        PIXELS, CLASSES, UNITS, generator=generator(), dtype=torch.float64, **parts
    )


def plain_passes():
    pos, neg = normal(BATCH, PIXELS, seed=1), normal(BATCH, PIXELS, seed=2)
    return (pos,), (neg,), (torch.cat([pos, neg]),)


def labelled_passes():
    images = uniform(BATCH, PIXELS, seed=1)
    right, wrong = (
        one_of_n(labels_of(BATCH, seed), CLASSES, images).unsqueeze(0) for seed in (2, 3)
    )
    return (images, right), (images, wrong), (images, torch.cat([right, wrong]))


every_kind = pytest.mark.parametrize(
    ("make", "passes"),
    [(plain, plain_passes), (labelled, labelled_passes)],
    ids=["plain", "labelled"],
)


@settings(deadline=None)
@given(st.lists(outputs, min_size=1, max_size=5), alphas)
def test_it_is_the_negative_log_of_the_density_less_that_at_zero(values, alpha):
    z = torch.tensor(values, dtype=torch.float64)
    density = Distribution(2 * alpha - 1)
    t = z * math.sqrt(alpha - 0.5)
    expected = density.log_prob(torch.zeros_like(t)) - density.log_prob(t)
    torch.testing.assert_close(negative_log_density(z, alpha), expected, rtol=1e-6, atol=1e-6)


@settings(deadline=None)
@given(outputs, alphas)
def test_it_is_even_never_negative_and_grows_outwards(value, alpha):
    z = torch.tensor([value, -value], dtype=torch.float64)
    y = negative_log_density(z, alpha)
    assert y[0] == y[1] >= 0
    assert negative_log_density(z * 1.01 + 0.01 * z.sign(), alpha)[0] >= y[0]


@settings(deadline=None)
@given(outputs, alphas)
def test_its_slope_is_the_derivative(value, alpha):
    z = torch.tensor([value], dtype=torch.float64, requires_grad=True)
    (derived,) = torch.autograd.grad(negative_log_density(z, alpha), z)
    torch.testing.assert_close(slope_of_density(z, alpha), derived, rtol=1e-9, atol=1e-12)


def test_far_outputs_teach_least():
    slopes = slope_of_density(torch.tensor([0.0, 1.0, math.sqrt(2), 2.0, 20.0]))
    assert slopes.argmax() == 2
    assert slopes[4] < slopes[1]


@every_kind
def test_activities_are_the_formula_and_the_relu_takes_nothing(make, passes):
    layer, (_, _, block) = make(alpha=2.0), passes()
    if isinstance(layer, LabelledStudentT):
        images, codes = block
        x = torch.cat([images.clone(), images])
        x[:, :CLASSES] = codes.flatten(0, 1)
        weight = torch.cat([layer.label_weight, layer.weight[CLASSES:]])
        h = length(x)
    else:
        (h,), weight = block, layer.weight
    expected = 2 * torch.log(1 + (h @ weight) ** 2 / 2)
    torch.testing.assert_close(layer(*block), expected.detach())


@every_kind
@pytest.mark.parametrize("loss", [ThresholdLogistic(), SiLU(alpha=2.0)])
@pytest.mark.parametrize("blocks", [1, 5])
@pytest.mark.parametrize("good", GOODNESS)
def test_the_closed_form_is_autograd(make, passes, good, loss, blocks):
    options = {"goodness": good, "loss": loss, "peer": 0.1, "blocks": blocks, "alpha": 1.2}
    pos, neg, block = passes()
    expected = reference_gradients(make(**options), pos, neg)
    layer = make(**options)
    layer.learn(block)
    for parameter, gradient in zip(layer.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-9)
    assert all(gradient.abs().max() > 1e-6 for gradient in expected)


@pytest.mark.parametrize("place", [overlay, concatenate])
@pytest.mark.parametrize("norm", [length, sum_to_units])
def test_so_it_is_of_a_projection_that_both_passes_share(place, norm):
    pos, neg, (images, codes) = labelled_passes()
    expected = reference_gradients(labelled(place=place, normalization=norm), pos, neg)
    layer = labelled(place=place, normalization=norm)
    layer.learn((layer.project(images), codes))
    for parameter, gradient in zip(layer.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6), alphas, st.integers(0, 99))
def test_a_batch_is_the_sum_of_its_samples(batch, inputs, units, alpha, seed):
    def layer():
        return StudentT(inputs, units, alpha=alpha, generator=generator(), dtype=torch.float64)

    h, whole, parts = normal(2 * batch, inputs, seed=seed), layer(), layer()
    whole.learn((h,), share=batch)
    for row in range(batch):
        parts.learn((h[[row, batch + row]],), decay=1.0)
    for p, q in zip(whole.parameters(), parts.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-9, atol=1e-9)


@every_kind
def test_nothing_comes_in_and_nothing_goes_out(make, passes):
    """Inputs that hang on a graph: no gradient of the layer's objective goes through them."""
    _, _, block = passes()
    root = torch.ones((), dtype=torch.float64, requires_grad=True)
    y, _ = make().learn(tuple(x * root for x in block))
    assert not y.requires_grad
    assert root.grad is None
    layer = make()
    layer.learn(tuple(x * root for x in block))
    assert all(parameter.grad.abs().max() > 0 for parameter in layer.parameters())


def test_the_slope_of_its_objective_by_the_image_is_autograd():
    _, _, (images, codes) = labelled_passes()
    layer, h = labelled(), 1e-6
    slope = layer.input_slope(images, codes)

    def objective(moved):
        return layer.objective(layer(moved, codes)).sum()

    for row, pixel in ((0, 4), (3, 7), (5, 11)):
        step = torch.zeros_like(images)
        step[row, pixel] = h
        central = (objective(images + step) - objective(images - step)) / (2 * h)
        assert slope[row, pixel].item() == pytest.approx(central.item(), rel=1e-5, abs=1e-9)
    assert (slope[:, :CLASSES] == 0).all()  # the label lies there


def test_a_net_of_such_layers_learns():
    data = dataset(120)
    parts = {"generator": generator(), "goodness": mean_of_squares, "loss": SiLU(), "peer": 0.06}
    network = FeedForward(
        [LabelledStudentT(PIXELS, CLASSES, 30, **parts), StudentT(30, 30, **parts)], CLASSES
    )
    learner = Simultaneous(
        network,
        hard_by_softmax,
        SmoothedGradient(0.05),
        SmoothedGradient(0.3),
        adversary=FastGradientSign(0.02),
    )
    before = evaluate(learner.scores, data.train, CLASSES).metrics["goodness_error"]
    train(learner, data, Plan(epochs=10, batch_size=20))
    assert evaluate(learner.scores, data.train, CLASSES).metrics["goodness_error"] < 15 < before


def test_a_record_says_what_they_are():
    described = describe_layer(plain(alpha=3.0))
    assert described["layer"] == "StudentT"
    assert described["alpha"] == 3.0
    again = StudentT(**plain(alpha=3.0).parts())
    assert describe_layer(again) == described


def test_a_net_comes_back_from_its_description():
    network = FeedForward([plain()], CLASSES)
    again = FeedForward.from_config(network.config())
    assert isinstance(again.layers[0], StudentT)
    assert again.config() == network.config()


@pytest.mark.parametrize("alpha", [0.5, 0, -1, math.inf, math.nan])
def test_what_is_no_density_is_refused(alpha):
    with pytest.raises(FFError, match="above 0.5"):
        plain(alpha=alpha)
