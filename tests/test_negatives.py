"""Every negatives function: what the network accepts, a label that is wrong, and chance from the generator alone."""

import pytest
import torch

from forward_forward import negatives
from forward_forward.errors import FFError, UsageError
from forward_forward.labels import concatenate
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.readout import goodness_per_label
from toys import CLASSES, NEGATIVES, PIXELS, generator, labels_of, network, normal, uniform

MAY_BE_RIGHT = {"shuffled_label"}
BATCH = 60
every_function = pytest.mark.parametrize("function", NEGATIVES.values(), ids=NEGATIVES)


def drawn(function, net, *, seed=0, images=None, logits=None):
    images = uniform(BATCH, PIXELS, seed=1, dtype=torch.float32) if images is None else images
    labels = labels_of(len(images), 2, net.classes)
    if logits is None:
        logits = net.one_pass(images)[1]
    pos, neg = function(images, labels, network=net, generator=generator(seed), logits=logits)
    return labels, pos, neg


def label_of(inputs):
    """Return the label that the codes of a pass carry, `[B]`."""
    codes = inputs[1]
    assert codes.shape[0] == 1
    assert codes.sum(-1).unique().tolist() == [1]
    return codes[0].argmax(-1)


def assert_drawn_from(p, counts):
    """Chi-square below its mean by less than five standard deviations, and nothing where p is 0."""
    expected = p.double() * counts.sum()
    assert counts[p == 0].sum() == 0
    kept = p > 0
    chi2 = ((counts - expected).square() / expected)[kept].sum().item()
    freedom = int(kept.sum()) - 1
    assert chi2 < freedom + 5 * (2 * freedom) ** 0.5


@every_function
@pytest.mark.parametrize("place", ["overlay", "concatenate"])
@pytest.mark.parametrize("projected", [False, True])
def test_the_network_accepts_them(function, place, projected):
    net = network(**({"place": concatenate} if place == "concatenate" else {}))
    images = uniform(BATCH, PIXELS, dtype=torch.float32)
    images = net.project(images) if projected else images
    _, pos, neg = drawn(function, net, images=images if not projected else None)
    inputs = negatives.stack(pos, neg)
    for layer in net.layers:
        y, seen = layer.learn(inputs)
        assert y.shape == (2 * BATCH, layer.units)
        assert seen.loss.isfinite()
        inputs = (net.normalization(y),)


@every_function
def test_positives_carry_the_true_label_and_negatives_a_wrong_one(function):
    for seed in range(5):
        labels, pos, neg = drawn(function, network(), seed=seed)
        assert label_of(pos).equal(labels)
        wrong = label_of(neg) != labels
        assert wrong.any() if function.__name__ in MAY_BE_RIGHT else wrong.all()


@every_function
def test_chance_comes_from_the_generator_alone(function):
    net = network()
    before = torch.get_rng_state()
    first, again, other = (label_of(drawn(function, net, seed=s)[2]) for s in (0, 0, 1))
    assert torch.get_rng_state().equal(before)
    assert first.equal(again)
    assert not first.equal(other)


@every_function
def test_the_network_and_the_batch_stay_as_they_were(function):
    net = network()
    weights = {k: v.clone() for k, v in net.state_dict().items()}
    images = uniform(BATCH, PIXELS, seed=1, dtype=torch.float32)
    before = images.clone()
    drawn(function, net, images=images)
    assert images.equal(before)
    assert all(weights[k].equal(v) for k, v in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())


@every_function
def test_images_are_shared_by_both_passes(function):
    _, pos, neg = drawn(function, network())
    assert pos[0] is neg[0]
    assert len(negatives.stack(pos, neg)[0]) == BATCH


@pytest.mark.parametrize("name", sorted(set(NEGATIVES) - MAY_BE_RIGHT))
def test_one_class_has_no_wrong_label(name):
    with pytest.raises(FFError):
        drawn(NEGATIVES[name], FeedForward.dense(PIXELS, 1, [4], generator=generator()))


def test_random_labels_are_even():
    net = FeedForward.dense(PIXELS, 6, [4], generator=generator())
    labels = torch.full((20_000,), 2)
    _, neg = negatives.random_wrong_label(
        torch.zeros(20_000, PIXELS), labels, network=net, generator=generator()
    )
    p = torch.tensor([0.2, 0.2, 0, 0.2, 0.2, 0.2])
    assert_drawn_from(p, label_of(neg).bincount(minlength=6))


def test_shuffled_labels_are_the_same_labels():
    labels, _, neg = drawn(negatives.shuffled_label, network())
    assert label_of(neg).sort().values.equal(labels.sort().values)


@pytest.mark.parametrize("scale", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("true", [0, 4])
def test_hard_labels_follow_the_masked_softmax(scale, true):
    net = FeedForward.dense(PIXELS, 6, [4], generator=generator())
    logits = scale * normal(6, seed=3)
    labels = torch.full((20_000,), true)
    _, neg = negatives.hard_by_softmax(
        torch.zeros(20_000, PIXELS), labels, network=net, generator=generator(1),
        logits=logits.expand(20_000, 6),
    )  # fmt: skip
    masked = logits.clone()
    masked[true] = -torch.inf
    assert_drawn_from(masked.softmax(0), label_of(neg).bincount(minlength=6))


@pytest.mark.parametrize("size", [1e2, 1e4, 1e30])
def test_hard_labels_survive_extreme_logits(size):
    """The true label has all the probability, and is never drawn; the best of the rest is."""
    net = network()
    labels = labels_of(BATCH)
    logits = torch.full((BATCH, CLASSES), -size)
    logits.scatter_(1, labels.unsqueeze(1), size)
    runner_up = (labels + 1) % CLASSES
    logits.scatter_(1, runner_up.unsqueeze(1), size / 2)
    _, neg = negatives.hard_by_softmax(
        torch.zeros(BATCH, PIXELS), labels, network=net, generator=generator(), logits=logits
    )
    assert label_of(neg).equal(runner_up)


def test_hard_labels_need_a_head():
    with pytest.raises(UsageError, match="head"):
        negatives.hard_by_softmax(
            torch.zeros(2, PIXELS), labels_of(2), network=network(head=False),
            generator=generator(), logits=None,
        )  # fmt: skip


def test_labels_hard_by_goodness_follow_its_root():
    net = FeedForward.dense(PIXELS, 6, [5, 5, 5], generator=generator(2))
    image = uniform(1, PIXELS, seed=3, dtype=torch.float32)
    p = goodness_per_label(net, image)[1:].sum(0)[0].sqrt()
    p[1] = 0
    labels = torch.full((20_000,), 1)
    _, neg = negatives.hard_by_goodness(
        image.expand(20_000, PIXELS), labels, network=net, generator=generator(4)
    )
    assert_drawn_from(p / p.sum(), label_of(neg).bincount(minlength=6))


def test_a_block_holds_positives_first():
    shared, a, b = uniform(2, 3), uniform(1, 2, 3), uniform(1, 2, 3, seed=1)
    block = negatives.stack((shared, a), (shared, b))
    assert block[0] is shared
    assert block[1].equal(torch.cat([a, b]))
