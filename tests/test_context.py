"""Context: what is cancelled, what is swapped, and how a collapse is measured."""

import pytest
import torch

from forward_forward.context import activity_kept, cancelled, effective_rank, of_another_image
from forward_forward.data import Split
from forward_forward.errors import UsageError
from forward_forward.hybrids import HybridImages
from forward_forward.labels import every_label
from forward_forward.networks.recurrent_nets import dense_recurrent
from forward_forward.networks.wiring import IMAGE, LABEL, without_labels
from forward_forward.training.iterated import Iterated
from forward_forward.training.optimizers import SmoothedGradient
from toys import CLASSES, PIXELS, generator, labels_of, network, uniform

BATCH = 4


def net(**options):
    return dense_recurrent(
        PIXELS,
        CLASSES,
        [6, 5],
        generator=generator(),
        dtype=torch.float64,
        **{"iterations": 3, "window": (1, 3), **options},
    )


@pytest.mark.parametrize(
    ("mirror", "share", "kept"),
    [(1.0, 1.0, 0.0), (0.7, 0.7, 0.09), (2.0, 2.0, None), (-1.0, -1.0, 4.0)],
)
def test_a_mirror_of_the_input_cancels_what_it_takes_away(mirror, share, kept):
    """The second layer's only input from above is made a multiple of its input from below."""
    network, images = net(iterations=1, window=(1, 1)), uniform(1, PIXELS)
    code = torch.eye(CLASSES, dtype=torch.float64)[:1].unsqueeze(1)
    state = network.begin(network.project(images))
    below = network.layers[1].share(0, state.h[0])
    with torch.no_grad():
        label = network.normalization(code)
        network.layers[1].connections[1].weight[0] = -mirror * below[0] / label[0, 0, 0]
    found = cancelled(network, images, code)
    assert found.shape == (1, 2, 1, 1)
    assert float(found[0, 1]) == pytest.approx(share)
    if kept is not None:
        assert float(activity_kept(network, images, code)[0, 1]) == pytest.approx(kept, abs=1e-9)


def test_what_drives_other_units_is_told_by_their_activity_alone():
    """From above comes the mirror of the input to silent units: nothing is cancelled, and more is active."""
    network, images = net(iterations=1, window=(1, 1)), uniform(1, PIXELS)
    code = torch.eye(CLASSES, dtype=torch.float64)[:1].unsqueeze(1)
    below = network.layers[1].share(0, network.begin(network.project(images)).h[0])
    silent = below[0].clamp(max=0)
    assert bool((silent < 0).any()) and bool((silent == 0).any())
    with torch.no_grad():
        network.layers[1].connections[1].weight[0] = (
            -2 * silent / network.normalization(code)[0, 0, 0]
        )
    assert float(cancelled(network, images, code)[0, 1]) == 0
    assert float(activity_kept(network, images, code)[0, 1]) > 1


def test_every_iteration_layer_and_label_has_its_share():
    network = net()
    share = cancelled(network, uniform(BATCH, PIXELS), every_label(CLASSES, uniform(1)))
    assert share.shape == (3, 2, CLASSES, BATCH)
    assert bool(share.isfinite().all())


def test_a_layer_that_hears_nothing_from_above_has_none():
    share = cancelled(net(wiring=without_labels(2)), uniform(BATCH, PIXELS), None)
    assert bool(share[:, 1].isnan().all())
    assert bool(share[:, 0].isfinite().all())


def test_what_a_layer_says_to_itself_is_on_neither_side():
    network = net(wiring=((IMAGE, 0, 1), (0, LABEL)))
    images, code = uniform(BATCH, PIXELS), every_label(CLASSES, uniform(1))
    shares = cancelled(network, images, code)
    with torch.no_grad():
        network.layers[0].connections[1].weight.fill_(30.0)
    again = cancelled(network, images, code)
    assert torch.equal(shares[:, 0].isfinite(), again[:, 0].isfinite())
    assert torch.equal(shares[0], again[0])  # it is heard, and not counted
    assert not torch.allclose(shares[1, 1], again[1, 1])


def test_negatives_get_the_context_of_another_positive():
    h = torch.arange(8.0).view(8, 1)
    assert of_another_image(h).flatten().tolist() == [0, 1, 2, 3, 3, 0, 1, 2]


@pytest.mark.parametrize("rows", [2, 5])
def test_another_image_takes_another_image(rows):
    with pytest.raises(UsageError, match="two images"):
        of_another_image(torch.ones(rows, 3))


def test_a_swapped_context_changes_what_is_learned():
    def learned(context):
        network = net(wiring=without_labels(2))
        rule = SmoothedGradient(rate=0.1)
        learner = Iterated(network, HybridImages((1, 3, 4)), rule, rule, context=context)
        learner.begin(Split(uniform(BATCH, PIXELS), labels_of(BATCH)), 0, 0)
        learner.step(torch.arange(BATCH), generator(), 1.0)
        return network.state_dict()

    plain, same, other = (learned(c) for c in (None, lambda h: h, of_another_image))
    assert all(torch.equal(plain[name], same[name]) for name in plain)
    assert not torch.equal(plain["layers.0.bias"], other["layers.0.bias"])


@pytest.mark.parametrize(("directions", "rank"), [(0, 0), (1, 1), (3, 3)])
def test_effective_rank_counts_directions(directions, rank):
    axes = torch.eye(6)[:directions]
    points = torch.cat([axes, -axes]) if directions else torch.ones(5, 6)
    assert effective_rank(points) == pytest.approx(rank)


def test_what_is_not_finite_varies_in_no_number_of_directions():
    assert effective_rank(torch.full((3, 2), float("nan"))) != effective_rank(torch.zeros(3, 2))
    assert str(effective_rank(torch.tensor([[1.0], [float("inf")]]))) == "nan"


@pytest.mark.parametrize(
    "activities", [torch.ones(1, 4), torch.ones(4), torch.ones(1, 4, 3), torch.ones(4, 3).int()]
)
def test_directions_are_those_of_images(activities):
    with pytest.raises(UsageError, match=r"give floats \[N, U\]"):
        effective_rank(activities)


def test_what_is_no_recurrent_net_has_no_context():
    with pytest.raises(UsageError, match="give a Recurrent"):
        cancelled(network(), uniform(BATCH, PIXELS), None)
