"""The adversary: which way it moves an image, how far, and that it asks no layer but those that see it."""

import pytest
import torch

from forward_forward.adversarial import FastGradientSign
from forward_forward.context import of_another_image
from forward_forward.data import Split
from forward_forward.errors import UsageError
from forward_forward.goodness import mean_of_squares
from forward_forward.hybrids import HybridImages
from forward_forward.labels import concatenate, one_of_n
from forward_forward.layers.local_layer import LocalLayer
from forward_forward.losses import SiLU
from forward_forward.negatives import hard_by_softmax
from forward_forward.networks.wiring import without_labels
from forward_forward.spec import NORMALIZATIONS
from forward_forward.training.iterated import Iterated
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.simultaneous import Simultaneous
from forward_forward.video import MovingImages
from recurrent_toys import recurrent
from toys import CLASSES, PIXELS, generator, labels_of, network, uniform

BATCH = 5
RULE = SmoothedGradient(rate=0.02)


def codes():
    return torch.stack([one_of_n(labels_of(BATCH, seed), CLASSES, uniform(1)) for seed in (1, 2)])


def objective(layer, images):
    return layer.objective(layer(images, codes()))


def moved(layer, images, size):
    return FastGradientSign(size)(images, layer.input_slope(images, codes()))


def first_layer():
    return network(dtype=torch.float64).layers[0]


def test_slope_is_that_of_finite_differences():
    layer, images = first_layer(), uniform(BATCH, PIXELS)
    slope, step = layer.input_slope(images, codes()), 1e-6
    for pixel in range(PIXELS):
        ahead, behind = images.clone(), images.clone()
        ahead[:, pixel] += step
        behind[:, pixel] -= step
        expected = (objective(layer, ahead) - objective(layer, behind)) / (2 * step)
        assert torch.allclose(slope[:, pixel], expected, atol=1e-6)


@pytest.mark.parametrize("normalization", NORMALIZATIONS.values(), ids=NORMALIZATIONS)
@pytest.mark.parametrize(
    "label",
    [{}, {"place": concatenate, "strength": 2.0, "pixel_mean": 0.1, "pixel_std": 0.4}],
    ids=["overlay", "concatenated"],
)
def test_the_closed_form_is_what_differentiating_finds(normalization, label):
    layer = network(
        dtype=torch.float64, normalization=normalization, goodness=mean_of_squares, loss=SiLU(), **label
    ).layers[0]  # fmt: skip
    images = uniform(BATCH, PIXELS)
    y = layer(images, codes())
    dz = layer.slope_of_objective(y, y)
    stated = layer.read_back(dz, images, codes())
    found = LocalLayer.read_back(layer, dz, images, codes())
    assert torch.allclose(stated, found, rtol=1e-9, atol=1e-12)


def test_the_layers_objective_is_higher_for_moved_images():
    layer, images = first_layer(), uniform(BATCH, PIXELS)
    assert (objective(layer, moved(layer, images, 0.01)) > objective(layer, images)).all()


def test_no_pixel_moves_farther_than_the_size_or_out_of_range():
    images = uniform(BATCH, PIXELS).round(decimals=1)
    found = moved(first_layer(), images, 0.3)
    assert ((found - images).abs() <= 0.3 + 1e-12).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_pixels_that_a_label_covers_stay():
    images = uniform(BATCH, PIXELS)
    found = moved(first_layer(), images, 0.3)
    assert torch.equal(found[:, :CLASSES], images[:, :CLASSES])
    assert not torch.equal(found[:, CLASSES:], images[:, CLASSES:])


def test_it_leaves_no_gradient_behind():
    layer = first_layer()
    moved(layer, uniform(BATCH, PIXELS), 0.1)
    assert all(p.grad is None for p in layer.parameters())


LEARNERS = {
    "simultaneous": lambda **parts: Simultaneous(network(), hard_by_softmax, RULE, RULE, **parts),
    "iterated": lambda **parts: Iterated(recurrent().float(), hard_by_softmax, RULE, RULE, **parts),
}
of_each_kind = pytest.mark.parametrize("make", LEARNERS.values(), ids=LEARNERS)


def learned(make, adversary):
    learner = make(adversary=adversary)
    learner.begin(Split(uniform(20, PIXELS, dtype=torch.float32), labels_of(20)), 0, 0)
    learner.step(torch.arange(20), generator(), 1.0)
    return learner.network


@of_each_kind
def test_layers_learn_from_moved_images_and_the_head_from_images_as_they_are(make):
    plain, hardened = learned(make, None), learned(make, FastGradientSign(0.1))
    for old, new in zip(plain.layers, hardened.layers, strict=True):
        assert not torch.equal(old.bias, new.bias)

    def whole(images, slope):
        return images

    unmoved = learned(make, whole)
    for name, value in plain.state_dict().items():
        assert torch.equal(value, unmoved.state_dict()[name])
    for old, new in zip(plain.head.parameters(), hardened.head.parameters(), strict=True):
        assert torch.equal(old, new)


@of_each_kind
def test_a_described_learner_names_its_adversary(make):
    described = make(adversary=FastGradientSign(0.1)).describe()
    assert described["adversary"] == {"part": "FastGradientSign", "size": 0.1}
    assert "adversary" not in make().describe()


ODD = {
    "another size": lambda images, slope: images[:, 1:],
    "two of each": lambda images, slope: images.expand(2, *images.shape),
    "fewer": lambda images, slope: images[:1],
    "another dtype": lambda images, slope: images.half(),
    "nothing": lambda images, slope: None,
    "not finite": lambda images, slope: images / 0,
}


@of_each_kind
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_what_an_adversary_makes_is_looked_at(make, odd):
    with pytest.raises(UsageError, match="the adversary made"):
        learned(make, odd)


@of_each_kind
@pytest.mark.parametrize("none", [FastGradientSign, 0.05])
def test_adversaries_that_are_none(make, none):
    with pytest.raises(UsageError, match="adversary: "):
        make(adversary=none)


@pytest.mark.parametrize("size", [0.0, -0.1, 1.5, float("nan"), "0.1", True, None])
def test_impossible_sizes(size):
    with pytest.raises(UsageError, match="move"):
        FastGradientSign(size)


def test_an_adversary_needs_labels():
    unlabelled = network(labelled=False)
    with pytest.raises(UsageError, match="hears no label"):
        Simultaneous(
            unlabelled, HybridImages((1, 3, 4)), RULE, RULE, adversary=FastGradientSign(0.1)
        )
    silent = recurrent(wiring=without_labels(2))
    with pytest.raises(UsageError, match="hears no label"):
        Iterated(silent, HybridImages((1, 3, 4)), RULE, RULE, adversary=FastGradientSign(0.1))


@pytest.mark.parametrize(
    "part", [{"video": MovingImages((1, 3, 4))}, {"context": of_another_image}]
)
def test_an_adversary_moves_still_images_against_a_net_that_hears_itself(part):
    with pytest.raises(UsageError, match="still images"):
        Iterated(recurrent(), hard_by_softmax, RULE, RULE, adversary=FastGradientSign(0.1), **part)
