"""The slope by an image is that of the obvious passes, found inside the layers that see it."""

import pytest
import torch

from forward_forward.errors import UsageError
from forward_forward.hardware.piece_layers import PieceDense
from forward_forward.hardware.pieces import Piece
from forward_forward.networks.image_slope import image_slope
from forward_forward.networks.wiring import IMAGE, with_skips
from recurrent_toys import BATCH, KINDS, codes, local, obvious_states, recurrent
from toys import PIXELS, generator, uniform

KINDS = {
    **KINDS,
    "alternate with skips": lambda: recurrent((9, 8, 7), wiring=with_skips(3), alternate=True),
}


def labelled_iteration(network, images, labels):
    """Return `(layer, y with the true label, y with the wrong one)` of layers that see the image, once all are told."""
    passes = [list(obvious_states(network, images, code, 5)) for code in labels]
    both = [(index, y, other) for (index, _, _, y), (_, _, _, other) in zip(*passes, strict=True)]
    for start in range(0, len(both), len(network.layers)):
        seeing = [
            r for r in both[start : start + len(network.layers)] if IMAGE in network.wiring[r[0]]
        ]
        if all(not torch.equal(y, other) for _, y, other in seeing):
            return seeing
    raise AssertionError("no label came down")


@pytest.mark.parametrize("kind", KINDS)
def test_the_slope_is_the_obvious_one(kind):
    network, images, labels = KINDS[kind](), uniform(BATCH, PIXELS), codes()
    frame = network.project(images)
    found = image_slope(network, images, frame, labels, network.begin(frame))
    leaf = images.clone().requires_grad_()
    total = sum(
        network.layers[index].objective(torch.cat([y, other])).sum()
        for index, y, other in labelled_iteration(network, leaf, labels)
    )
    (expected,) = torch.autograd.grad(total, leaf)
    assert expected.abs().max() > 1e-6
    # beyond 20 temperatures torch takes a softplus for its argument, and its slope for 1
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-7)


def test_it_leaves_the_layers_as_they_were():
    network = recurrent()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    frame = network.project(uniform(BATCH, PIXELS))
    image_slope(network, uniform(BATCH, PIXELS), frame, codes(), network.begin(frame))
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(p.grad is None for p in network.parameters())


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


@pytest.mark.parametrize("make", [recurrent, local])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_low_precision_is_near(make, dtype):
    network, images = make().float(), uniform(BATCH, PIXELS, dtype=torch.float32)

    def slope(shown):
        frame = network.project(shown)
        return image_slope(network, shown, frame, codes().to(shown), network.begin(frame))

    exact = slope(images)
    for layer in network.layers:
        layer.set_matmul_dtype(torch.bfloat16)
    assert (slope(images.to(dtype)).float() - exact).abs().max() < 0.1 * exact.abs().max()


def test_connections_that_are_not_read_backwards_refuse():
    network = recurrent((9, 8))
    piece = PieceDense(PIXELS, 9, piece=Piece(1), bias=False, generator=generator()).double()
    network.layers[0].connections[0] = piece
    frame = network.project(uniform(BATCH, PIXELS))
    with pytest.raises(UsageError, match="nobody knows"):
        image_slope(network, uniform(BATCH, PIXELS), frame, codes(), network.begin(frame))
