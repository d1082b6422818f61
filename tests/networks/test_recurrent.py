"""The recurrent net: what feeds what, what an iteration does, and what it refuses."""

import json

import numpy as np
import pytest
import torch

from forward_forward.errors import DataError, UsageError
from forward_forward.labels import every_label
from forward_forward.losses import SiLU
from forward_forward.networks.recurrent import Recurrent
from forward_forward.networks.recurrent_nets import dense_recurrent, local_recurrent
from forward_forward.networks.wiring import (
    with_skips,
)
from forward_forward.readout import goodness_by_frame, goodness_per_label
from recurrent_toys import BATCH, KINDS, codes, local, obvious_states, recurrent
from toys import CLASSES, PIXELS, generator, uniform

every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


@every_kind
def test_a_label_has_the_goodness_of_its_own_obvious_pass(make):
    network, images = make(), uniform(BATCH, PIXELS)
    found, _ = network.run(network.project(images), codes())
    for k, code in enumerate(codes()):
        rows = list(obvious_states(network, images, code, network.iterations))
        for place, (index, _, _, y) in enumerate(rows):
            expected = network.layers[index].goodness(y)
            assert torch.allclose(found[place // len(network.layers), index, k], expected)


def test_all_labels_at_once_are_all_labels_one_by_one():
    network, images = recurrent(), uniform(BATCH, PIXELS)
    every = every_label(CLASSES, images)
    together = goodness_per_label(network, images)
    apart = [network.label_goodness(images, code[None]) for code in every]
    assert torch.allclose(together, torch.cat(apart, dim=2))
    assert together.shape == (2, BATCH, CLASSES)


def test_window_chooses_iterations():
    network, images = recurrent(window=(2, 3)), uniform(BATCH, PIXELS)
    rows, _ = network.run(network.project(images), codes())
    assert len(rows) == network.iterations
    assert torch.allclose(
        network.label_goodness(images, codes()), rows[1:3].mean(0).transpose(1, 2)
    )


def test_no_label_enters_the_first_pass():
    network = recurrent()
    with torch.no_grad():
        network.layers[1].connections[1].weight.fill_(float("nan"))
    state = network.begin(network.project(uniform(BATCH, PIXELS)))
    assert all(bool(y.isfinite().all()) for y in state.y)


def test_what_no_label_has_reached_is_there_once():
    """The label comes down by one layer an iteration."""
    network, images = recurrent((9, 8, 7)), uniform(BATCH, PIXELS)
    for iterations, labels in {1: [1, 1, 2], 2: [1, 2, 2], 3: [2, 2, 2]}.items():
        _, state = network.run(network.project(images), codes(), iterations=iterations)
        assert [len(y) for y in state.y] == [len(h) for h in state.h] == labels


def test_what_comes_from_above_starts_smaller():
    small, full = (recurrent(top_down=scale).layers for scale in (0.5, 1.0))
    for layer, position in [(0, 1), (1, 1)]:
        weights = [net[layer].connections[position].weight for net in (small, full)]
        assert torch.allclose(2 * weights[0], weights[1])
    assert torch.equal(small[0].connections[0].weight, full[0].connections[0].weight)


def test_goodness_by_frame_goes_on_from_frame_to_frame():
    network, image = recurrent(iterations=2, window=(1, 2)), uniform(BATCH, PIXELS)
    longer = recurrent(iterations=6, window=(1, 2))
    rows = torch.stack(list(goodness_by_frame(network, [image] * 3, codes())))
    whole, _ = longer.run(longer.project(image), codes())
    expected = whole.unflatten(0, (3, 2)).mean(1).transpose(2, 3)
    assert torch.allclose(rows, expected)


@pytest.mark.parametrize("make", [recurrent, local])
def test_images_are_standardised_by_the_net(make):
    images = uniform(BATCH, PIXELS)
    plain, own = make(), make(pixel_mean=0.5, pixel_std=0.25)
    shown = (images - 0.5) / 0.25
    assert goodness_per_label(own, images).equal(goodness_per_label(plain, shown))
    assert own.project(images).images.equal(plain.project(shown).images)
    assert not goodness_per_label(own, images).equal(goodness_per_label(plain, images))


def test_config_builds_the_same_network():
    network = local(wiring=with_skips(2), keep=0.4, alternate=True, pixel_mean=0.4, pixel_std=0.3)
    twin = Recurrent.from_config(network.config()).double()
    twin.load_state_dict(network.state_dict())
    images = uniform(BATCH, PIXELS)
    assert torch.equal(goodness_per_label(twin, images), goodness_per_label(network, images))
    assert twin.config() == network.config()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window": (3, 9)}, "window"),
        ({"window": (0, 2)}, "window"),
        ({"iterations": 0}, "runs for 1 to 10,000"),
        ({"iterations": 20_000}, "runs for 1 to 10,000"),
        ({"keep": 1.0}, "keep"),
        ({"window": (1.5, 2)}, "window"),
        ({"top_down": float("nan")}, "top_down"),
        ({"top_down": None}, "top_down: None is no number"),
        ({"keep": "much"}, "keep: 'much' is no number"),
        ({"peer": "much"}, "peer strength .* no number"),
        ({"matmul_dtype": torch.int32}, "give a dtype such as torch.bfloat16"),
        ({"goodness": "mean_of_squares"}, "goodness: 'mean_of_squares' is no function"),
        ({"loss": SiLU}, "make one"),
        ({"widths": 20}, "give a list"),
        ({"widths": "20,20"}, "give a list"),
    ],
)
def test_numbers_out_of_range(options, words):
    with pytest.raises(UsageError, match=words):
        recurrent(**options)


@pytest.mark.parametrize("shape", [(PIXELS,), (1, 1, BATCH, PIXELS), (0, PIXELS)])
def test_images_that_are_no_rows(shape):
    with pytest.raises(DataError, match="rows of 12"):
        recurrent().project(uniform(*shape))


def test_fields_need_a_middle():
    with pytest.raises(UsageError, match="odd"):
        local_recurrent((1, 4, 4), CLASSES, 2, generator=generator(), field=4)


def test_maps_hear_their_neighbourhood_and_every_unit_the_label():
    """Of a map of 3 × 4 places with fields of 3 × 3, the first place hears the four nearest of image and map above."""
    network = local()
    below, above = network.layers[0].connections
    assert (below.dense_weight()[:, 0] != 0).nonzero().flatten().tolist() == [0, 1, 4, 5]
    heard = (above.dense_weight()[:, 0] != 0).nonzero().flatten() // 3
    assert sorted(set(heard.tolist())) == [0, 1, 4, 5]
    assert (network.layers[1].connections[1].weight != 0).all()


def test_frames_and_labels_of_another_size():
    network = recurrent()
    with pytest.raises(DataError, match="rows of 12"):
        network.project(uniform(BATCH, PIXELS + 1))
    with pytest.raises(DataError, match="2 blocks"):
        network.project(uniform(3, BATCH, PIXELS))
    frame = network.project(uniform(BATCH, PIXELS))
    with pytest.raises(UsageError, match="2 classes"):
        network.drives(frame, uniform(1, 1, 2))
    with pytest.raises(UsageError, match="label codes"):
        network.drives(frame, None)
    with pytest.raises(DataError, match="equally long"):
        list(goodness_by_frame(network, [uniform(4, PIXELS), uniform(3, PIXELS)], codes()[:, :1]))
    _, state = network.run(frame, every_label(CLASSES, uniform(1)))
    with pytest.raises(DataError, match="equally long"):
        network.run(frame, codes(), state)


@pytest.mark.parametrize(
    "options", [dict(window=3), dict(window=(1, 2, 3)), dict(window=(3.0, 5)), dict(iterations=8.5)]
)
def test_windows_of_another_kind_are_refused(options):
    with pytest.raises(UsageError, match="give its first and last iteration|no whole number"):
        dense_recurrent(16, 3, [4, 4], generator=generator(), **options)


def test_numbers_of_numpy_count_iterations():
    made = dense_recurrent(16, 3, [4, 4], generator=generator(), iterations=np.int64(6))
    assert json.dumps(made.config()) and made.iterations == 6


@pytest.mark.parametrize("field, depth", [(3.0, 2), (3, 1.5)])
def test_local_nets_of_broken_sizes_are_refused(field, depth):
    with pytest.raises(UsageError, match="no whole number"):
        local_recurrent((1, 4, 4), 3, depth, generator=generator(), field=field)


@pytest.mark.parametrize(
    "images, codes", [(torch.ones(4, 16), torch.zeros(0, 1, 3)), (torch.ones(2, 4, 16), torch.zeros(3, 1, 3))]
)  # fmt: skip
def test_label_codes_that_do_not_fit_the_frames_are_refused(images, codes):
    made = dense_recurrent(16, 3, [4, 4], generator=generator())
    with pytest.raises(UsageError, match="label codes of"):
        made.label_goodness(images, codes)
