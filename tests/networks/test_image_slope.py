"""The slope by an image is that of the obvious passes, found inside the layers that see it."""

import pytest
import torch

from forward_forward.networks.image_slope import image_slope
from forward_forward.networks.wiring import IMAGE, with_skips
from recurrent_toys import BATCH, KINDS, codes, local, obvious_states, recurrent
from toys import PIXELS, uniform

UNTIL_LABELLED = {
    "one layer": 1,
    "nothing from above": 1,
    "two layers": 2,
    "three layers": 3,
    "itself": 2,
    "skips": 1,
    "alternate": 3,
    "min": 2,
    "silu": 2,
    "local fields": 2,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_slope_is_the_obvious_one(kind):
    network, images, labels = KINDS[kind](), uniform(BATCH, PIXELS), codes()
    frame = network.project(images)
    found = image_slope(network, images, frame, labels, network.begin(frame))
    leaf, iterations = images.clone().requires_grad_(), UNTIL_LABELLED[kind]
    passes = [list(obvious_states(network, leaf, code, iterations)) for code in labels]
    total = 0
    for (index, _, _, y_pos), (_, _, _, y_neg) in list(zip(*passes, strict=True))[
        -len(network.layers) :
    ]:
        if IMAGE in network.wiring[index]:
            total = total + network.layers[index].objective(torch.cat([y_pos, y_neg])).sum()
    (expected,) = torch.autograd.grad(total, leaf)
    assert expected.abs().max() > 1e-6
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_standardised_images_too():
    network = recurrent(pixel_mean=0.2, pixel_std=0.5, wiring=with_skips(2))
    images = uniform(BATCH, PIXELS)

    def of(shown):
        frame = network.project(images)
        return image_slope(network, shown, frame, codes(), network.begin(frame))

    plain = recurrent(wiring=with_skips(2))
    standard = (images - 0.2) / 0.5
    frame = plain.project(standard)
    expected = image_slope(plain, standard, frame, codes(), plain.begin(frame)) / 0.5
    torch.testing.assert_close(of(images), expected, rtol=1e-9, atol=1e-12)


def test_low_precision_is_near():
    network, images = local().float(), uniform(BATCH, PIXELS, dtype=torch.float32)

    def slope():
        frame = network.project(images)
        return image_slope(network, images, frame, codes().float(), network.begin(frame))

    exact = slope()
    for layer in network.layers:
        layer.set_matmul_dtype(torch.bfloat16)
    assert (slope() - exact).abs().max() < 0.05 * exact.abs().max()
