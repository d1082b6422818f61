from dataclasses import replace

import pytest
import torch

from forward_forward import composition, exhibits, gallery
from forward_forward.composition import Settings, backpropagation, forward_forward
from forward_forward.data import Split, load
from forward_forward.errors import UsageError
from forward_forward.goodness import sum_of_squares
from forward_forward.hybrids import HybridImages
from forward_forward.labels import concatenate, overlay
from forward_forward.negatives import random_wrong_label
from forward_forward.networks.wiring import with_skips, without_labels
from forward_forward.recipes.best_supervised import best_learner
from forward_forward.reproduce import few
from forward_forward.training.greedy import Greedy
from forward_forward.training.iterated import Iterated
from forward_forward.training.simultaneous import Simultaneous


@pytest.fixture(scope="module")
def digits():
    return few(load("digits"), 100)


TINY = Settings(widths=(8, 7, 6), epochs=1, batch_size=50)


def test_default_is_the_best_method(digits):
    learner, plan = forward_forward(Settings(), digits)
    budget = composition.BUDGETS["digits"]
    best = best_learner(digits, budget.widths, 0, place=concatenate, rate=budget.rate)
    assert learner.describe() == best.describe()
    assert (plan.epochs, plan.batch_size, plan.look_every) == (budget.epochs, budget.batch_size, 0)


def test_rival_is_matched(digits):
    learner, plan = forward_forward(TINY, digits)
    rival, its_plan = backpropagation(TINY, digits)
    assert rival.network.widths == [layer.units for layer in learner.network.layers]
    assert (its_plan.epochs, its_plan.batch_size) == (plan.epochs, plan.batch_size)


def test_one_part_changes_and_the_others_stay(digits):
    best = forward_forward(TINY, digits)[0].describe()
    changed = forward_forward(replace(TINY, goodness=sum_of_squares), digits)[0].describe()
    assert changed["network"]["layers"][0]["goodness"] == "sum_of_squares"
    for layer in changed["network"]["layers"]:
        layer["goodness"] = "mean_of_squares"
    assert changed == best
    same = forward_forward(replace(TINY, peer=best["network"]["layers"][0]["peer"]), digits)[0]
    assert same.describe() == best
    fresh = forward_forward(TINY, digits)[0]
    for one, other in zip(same.network.parameters(), fresh.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_greedy_has_no_head_and_simple_negatives(digits):
    learner, _ = forward_forward(replace(TINY, method=Greedy), digits)
    assert learner.network.head is None
    assert learner.negatives is random_wrong_label


def test_a_recurrent_net_takes_the_parts_it_has_a_use_for(digits):
    settings = replace(TINY, method=Iterated, goodness=sum_of_squares, peer=0.0, rate=0.1)
    learner, plan = forward_forward(settings, digits)
    described = learner.describe()
    assert described["method"] == "iterated"
    assert [layer["goodness"] for layer in described["network"]["layers"]] == ["sum_of_squares"] * 3
    assert described["rule"]["rate"] == 0.1
    assert learner.network.labelled
    learner.begin(digits.train, 0, 0)
    assert learner.step(torch.arange(20), torch.Generator(), 1.0).isfinite().all()
    skipping, _ = forward_forward(replace(settings, wiring=with_skips), digits)
    assert skipping.network.wiring == with_skips(3)
    for without in ({"negatives": HybridImages}, {"wiring": without_labels}):
        unlabelled, _ = forward_forward(replace(settings, **without), digits)
        assert not unlabelled.network.labelled
        assert isinstance(unlabelled.negatives, HybridImages)


def test_a_recurrent_net_is_deep_enough_for_its_label(digits):
    """A label comes down by a layer in each iteration."""
    for depth, iterations in ((3, 8), (10, 10)):
        settings = replace(TINY, method=Iterated, widths=(5,) * depth)
        learner, _ = forward_forward(settings, digits)
        assert learner.network.iterations == iterations


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": Iterated, "place": concatenate},
        {"method": Iterated, "strength": 2.0},
        {"negatives": HybridImages, "strength": 2.0},
        {"method": Greedy, "adversary": 0.1},
        {"wiring": with_skips},
    ],
)
def test_what_a_method_cannot_do_is_said(wrong, digits):
    with pytest.raises(UsageError, match="leave|choose"):
        forward_forward(replace(TINY, **wrong), digits)


@pytest.mark.parametrize("more", [{}, {"peer": 0.1}, {"method": Greedy}], ids=str)
def test_the_label_has_the_strength_that_is_asked_for(more, digits):
    for given, strength in ((None, 1.0), (2.5, 2.5)):
        learner, _ = forward_forward(replace(TINY, strength=given, **more), digits)
        assert learner.network.layers[0].strength == strength


@pytest.mark.parametrize("method", [Simultaneous, Iterated])
@pytest.mark.parametrize("given, size", [(None, 0.05), (0.2, 0.2), (0.0, None)])
def test_the_adversary_can_be_left_out_or_sized(digits, method, given, size):
    learner, _ = forward_forward(replace(TINY, method=method, adversary=given), digits)
    assert (learner.adversary.size if learner.adversary else None) == size


@pytest.mark.parametrize(
    "silent",
    [
        {"negatives": HybridImages},
        {"method": Iterated, "negatives": HybridImages},
        {"method": Iterated, "wiring": without_labels},
    ],
)
def test_without_labels_there_is_no_adversary(digits, silent):
    assert forward_forward(replace(TINY, **silent), digits)[0].adversary is None
    with pytest.raises(UsageError, match="hears no label"):
        forward_forward(replace(TINY, adversary=0.1, **silent), digits)


def test_only_held_out_images_are_looked_at(digits):
    assert forward_forward(TINY, digits.for_validation())[1].look_every == 1
    assert forward_forward(TINY, digits)[1].look_every == 0


def test_label_goes_where_nothing_is(digits):
    assert composition.fitting_place(digits) is concatenate
    blank = digits.train.images.clone()
    blank[:, :10] = 0
    framed = replace(digits, train=replace(digits.train, images=blank))
    assert composition.fitting_place(framed) is overlay


@pytest.mark.parametrize("place", [overlay, concatenate])
def test_receptive_weights_show_the_label_where_it_is(digits, place):
    network = forward_forward(replace(TINY, place=place), digits)[0].network
    weights = torch.tensor(exhibits.receptive_weights(network))
    assert weights.shape == (64, 8)
    expected = network.layers[0].label_weight if place is overlay else network.layers[0].weight[:10]
    assert torch.equal(weights[:10], expected.detach())


@pytest.mark.parametrize("method", [Simultaneous, Iterated])
@pytest.mark.parametrize("negatives", [random_wrong_label, HybridImages])
def test_goodness_of_pairs(digits, method, negatives):
    """Of a net without labels, of images and hybrids."""
    settings = replace(TINY, method=method, negatives=negatives)
    network = forward_forward(settings, digits)[0].network
    pos, neg = gallery.goodness_of_pairs(network, digits, images=20)
    assert [len(g) for g in (*pos, *neg)] == [20] * 6
    assert all((p != n).mean() > 0.5 for p, n in zip(pos, neg, strict=True))


@pytest.mark.parametrize("wiring", [with_skips, without_labels])
def test_iterations_of_a_recurrent_net_are_pictured(digits, wiring):
    settings = replace(TINY, method=Iterated, wiring=wiring)
    network = forward_forward(settings, digits)[0].network
    shown = gallery.figures(network, digits, {"curves": [], "metrics": {}, "layer_errors": []})
    figure, _ = shown["From iteration to iteration"]
    assert len(figure.axes) == (3 if network.labelled else 1)  # what is cancelled is told of both


def test_pictures_of_a_single_test_image_show_no_hybrids(digits):
    settings = replace(TINY, negatives=HybridImages)
    network = forward_forward(settings, digits)[0].network
    alone = replace(digits, test=Split(digits.test.images[:1], digits.test.labels[:1]))
    record = {"curves": [], "metrics": {}, "layer_errors": []}
    assert "Hybrid images" in gallery.figures(network, digits, record)
    shown = gallery.figures(network, alone, record)
    assert "What the first layer looks for" in shown
    assert not {"Hybrid images", "Goodness of positives and negatives"} & set(shown)
