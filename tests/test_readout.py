"""Readouts against separate passes over images that carry their label in plain sight."""

import pytest
import torch

from forward_forward.errors import UsageError
from forward_forward.labels import concatenate, every_label, one_of_n
from forward_forward.normalization import length, unit_length
from forward_forward.readout import (
    accumulated_goodness,
    goodness_per_label,
    one_pass_softmax,
    shortlist,
)
from toys import CLASSES, PIXELS, labels_of, network, uniform

BATCH = 11
IMAGES = uniform(BATCH, PIXELS)
PLACES = {"overlay": {}, "concatenate": {"place": concatenate, "strength": 2.5}}
NEUTRAL = torch.full((CLASSES,), 1 / CLASSES, dtype=torch.float64)
every_place = pytest.mark.parametrize("options", PLACES.values(), ids=PLACES)


def net64(**options):
    net = network(dtype=torch.float64, **options)
    with torch.no_grad():
        net.head.weight.copy_(uniform(*net.head.weight.shape, seed=9) - 0.5)
        net.head.bias.copy_(uniform(CLASSES, seed=8))
    return net


def plain_activities(net, code):
    """Return each layer's activities of the images with a label written into them, by matmuls alone."""
    first = net.layers[0]
    if first.place is concatenate:
        h = torch.cat([(code * first.strength).expand(BATCH, CLASSES), IMAGES], dim=1)
    else:
        h = torch.cat([code.expand(BATCH, CLASSES), IMAGES[:, CLASSES:]], dim=1)
    covered = 0 if first.place is concatenate else CLASSES
    weight = torch.cat([first.label_weight, first.weight[covered:]])
    activities = []
    for layer in net.layers:
        h = h / (h.square().sum(1, keepdim=True) / h.shape[1] + 1e-10).sqrt()
        activities.append((h @ weight + layer.bias).relu())
        h = activities[-1]
        weight = net.layers[len(activities)].weight if len(activities) < len(net.layers) else None
    return activities


@every_place
def test_goodness_per_label_is_that_of_separate_passes(options):
    net = net64(**options)
    found = goodness_per_label(net, IMAGES)
    assert found.dtype == torch.float64
    assert found.shape == (3, BATCH, CLASSES)
    for c in range(CLASSES):
        code = one_of_n(torch.tensor(c), CLASSES, IMAGES)
        expected = torch.stack([y.square().sum(1) for y in plain_activities(net, code)])
        torch.testing.assert_close(found[..., c], expected, rtol=1e-11, atol=1e-11)


@every_place
def test_the_softmax_reads_all_but_the_first_layer_with_the_neutral_label(options):
    net = net64(**options)
    hidden = plain_activities(net, NEUTRAL)[1:]
    features = torch.cat([length(y) for y in hidden], dim=1)
    expected = features @ net.head.weight + net.head.bias
    torch.testing.assert_close(one_pass_softmax(net, IMAGES), expected, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(net.one_pass(IMAGES)[0], features, rtol=1e-11, atol=1e-11)


@every_place
def test_a_share_computed_once_serves_every_readout(options):
    net = net64(**options)
    shared = net.project(IMAGES)
    assert net.project(shared) is shared
    for readout in (goodness_per_label, accumulated_goodness, one_pass_softmax, shortlist):
        assert readout(net, shared).equal(readout(net, IMAGES))


@pytest.mark.parametrize("rows", [1, BATCH])
def test_chosen_labels_only(rows):
    net = net64()
    wanted = torch.stack([labels_of(rows, seed) for seed in range(2)])
    found = goodness_per_label(net, IMAGES, one_of_n(wanted, CLASSES, IMAGES))
    index = wanted.expand(2, BATCH).t().expand(3, BATCH, 2)
    torch.testing.assert_close(found, goodness_per_label(net, IMAGES).gather(2, index))


def test_images_do_not_mix():
    net = net64()
    one_by_one = [goodness_per_label(net, image) for image in IMAGES.split(1)]
    torch.testing.assert_close(goodness_per_label(net, IMAGES), torch.cat(one_by_one, dim=1))


def test_accumulated_over_chosen_layers():
    net = net64()
    goodness = goodness_per_label(net, IMAGES)
    assert accumulated_goodness(net, IMAGES).equal(goodness[1] + goodness[2])
    assert accumulated_goodness(net, IMAGES, range(0, 2)).equal(goodness[0] + goodness[1])
    assert accumulated_goodness(net, IMAGES, [2]).equal(goodness[2])


@pytest.mark.parametrize(
    ("widths", "chosen", "first"),
    [
        ((5,), None, 0),
        ((5, 5), None, 0),
        ((5, 5, 5), None, 1),
        ((5, 5, 5), 0, 0),
        ((5, 5, 5), 2, 2),
    ],
)
def test_the_first_of_three_is_left_out_unless_told(widths, chosen, first):
    net = net64(widths=widths, read_from=chosen)
    expected = goodness_per_label(net, IMAGES)[first:].sum(0)
    assert accumulated_goodness(net, IMAGES).equal(expected)
    assert net.head.weight.shape[0] == sum(widths[first:])


@pytest.mark.parametrize("layer", [-1, 3])
def test_readouts_cannot_start_where_no_layer_is(layer):
    with pytest.raises(UsageError, match="3"):
        network(read_from=layer)


def test_a_shortlist_of_all_is_goodness():
    net = net64()
    torch.testing.assert_close(
        shortlist(net, IMAGES, CLASSES), accumulated_goodness(net, IMAGES), rtol=1e-12, atol=1e-12
    )


def test_a_shortlist_of_one_is_the_softmax():
    net = net64()
    named = one_pass_softmax(net, IMAGES).argmax(1)
    assert named.unique().numel() > 1
    assert shortlist(net, IMAGES, 1).argmax(1).equal(named)


def test_a_shortlist_of_two_drops_the_last():
    net = net64()
    scores = shortlist(net, IMAGES, 2)
    last = one_pass_softmax(net, IMAGES).argmin(1, keepdim=True)
    expected = accumulated_goodness(net, IMAGES).scatter(1, last, -torch.inf)
    torch.testing.assert_close(scores, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("k", [0, -1, CLASSES + 1])
def test_a_shortlist_has_one_to_all_labels(k):
    with pytest.raises(UsageError, match="shortlist"):
        shortlist(net64(), IMAGES, k)


@pytest.mark.parametrize("readout", [one_pass_softmax, shortlist])
def test_without_a_head_there_is_no_softmax(readout):
    with pytest.raises(UsageError, match="head"):
        readout(network(head=False, dtype=torch.float64), IMAGES)


def test_other_normalisation_between_layers():
    net = net64(normalization=unit_length)
    found = goodness_per_label(net, IMAGES, every_label(CLASSES, IMAGES)[:1])[:, :, 0]
    h = torch.cat([one_of_n(torch.tensor(0), CLASSES, IMAGES).expand(BATCH, CLASSES),
                   IMAGES[:, CLASSES:]], dim=1)  # fmt: skip
    first = net.layers[0]
    y = (h / h.norm(dim=1, keepdim=True)) @ torch.cat([first.label_weight, first.weight[CLASSES:]])
    y = (y + first.bias).relu()
    torch.testing.assert_close(found[0], y.square().sum(1), rtol=1e-8, atol=1e-8)
    y = ((y / y.norm(dim=1, keepdim=True)) @ net.layers[1].weight).relu()
    torch.testing.assert_close(found[1], y.square().sum(1), rtol=1e-8, atol=1e-8)


def test_nothing_of_a_readout_can_be_differentiated():
    net = net64()
    images = IMAGES.clone().requires_grad_()
    for readout in (goodness_per_label, accumulated_goodness, one_pass_softmax, shortlist):
        assert not readout(net, images).requires_grad


@pytest.mark.parametrize("rows", [1, 12, 100])
def test_labels_asked_in_portions_get_the_same_answer(rows, monkeypatch):
    expected = goodness_per_label(network(dtype=torch.float64), IMAGES)
    monkeypatch.setattr("forward_forward.readout.ROWS", rows)
    torch.testing.assert_close(goodness_per_label(network(dtype=torch.float64), IMAGES), expected)
