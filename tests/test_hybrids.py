"""Hybrid images: one image here, another one there, in patches."""

import pytest
import torch

from forward_forward.errors import DataError, UsageError
from forward_forward.hybrids import HybridImages, blur_matrix, blurred_mask
from toys import generator, labels_of, uniform

SHAPE = (1, 12, 10)


def drawn(batch=20, shape=SHAPE, seed=0, **options):
    images = uniform(batch, shape[0] * shape[1] * shape[2], seed=1, dtype=torch.float32)
    (pos,), (neg,) = HybridImages(shape, **options)(images, generator=generator(seed))
    return images, pos, neg


@pytest.mark.parametrize("shape", [SHAPE, (3, 8, 8)])
def test_every_pixel_comes_from_the_image_or_from_one_other(shape):
    images, pos, neg = drawn(shape=shape)
    assert pos is images
    flat = neg.view(len(neg), shape[0], -1)
    mine = (flat == images.view_as(flat)).all(1)  # all channels of a pixel come from one image
    assert not mine.all(1).any()
    for i in range(len(neg)):
        others = [j for j in range(len(images)) if j != i]
        fits = [
            j
            for j in others
            if flat[i][:, ~mine[i]].equal(images[j].view(shape[0], -1)[:, ~mine[i]])
        ]
        assert len(fits) == 1


def test_all_others_are_met():
    images = torch.arange(4.0)[:, None].repeat(1, 120) / 4
    seen = {
        tuple(sorted(set(row.tolist())))
        for seed in range(30)
        for row in HybridImages(SHAPE)(images, generator=generator(seed))[1][0]
    }
    assert len(seen) == 6  # every pair of four images


def test_the_generator_is_the_only_chance():
    assert drawn(seed=3)[2].equal(drawn(seed=3)[2])
    assert not drawn(seed=3)[2].equal(drawn(seed=4)[2])


def test_a_mask_is_what_the_paper_describes():
    """Blurred one by one, by convolution, with the edge repeated."""
    bits = torch.randint(2, (5, 1, 9, 7), generator=generator(8)).float()
    smooth = bits
    kernel = torch.tensor([0.25, 0.5, 0.25])
    for _ in range(4):
        padded = torch.nn.functional.pad(smooth, (1, 1, 1, 1), mode="replicate")
        smooth = torch.nn.functional.conv2d(padded, kernel.outer(kernel)[None, None])
    down, across = blur_matrix(9, 4), blur_matrix(7, 4)
    torch.testing.assert_close(down @ bits @ across.T, smooth)
    assert blurred_mask(5, (9, 7), 4, generator(8)).equal((smooth > 0.5).squeeze(1))


def test_more_blurs_make_larger_patches():
    def borders(blurs):
        mask = blurred_mask(200, (28, 28), blurs, generator())
        return (mask[:, 1:] != mask[:, :-1]).float().mean()

    assert borders(0) > 1.5 * borders(1) > 2 * borders(6) > 2.5 * borders(30)


@pytest.mark.parametrize("size", [(1, 2), (2, 1), (2, 2), (28, 28)])
@pytest.mark.parametrize("blurs", [0, 6, 500])
def test_no_mask_is_all_of_one_image(size, blurs):
    mask = blurred_mask(300, size, blurs, generator()).flatten(1)
    share = mask.float().mean(1)
    assert ((share > 0) & (share < 1)).all()


def test_what_cannot_be_mixed_is_refused():
    with pytest.raises(DataError, match="one image"):
        drawn(batch=1)
    with pytest.raises(DataError, match="not of shape"):
        HybridImages((1, 5, 5))(uniform(4, 120, dtype=torch.float32), generator=generator())
    for wrong in ({"blurs": -1}, {"shape": (1, 1, 1)}, {"shape": (0, 4, 4)}):
        with pytest.raises(UsageError):
            HybridImages(**{"shape": SHAPE, **wrong})


def test_labels_are_not_looked_at():
    images = uniform(6, 120, dtype=torch.float32)
    one_class = torch.zeros(6, dtype=torch.long)
    first = HybridImages(SHAPE)(images, one_class, generator=generator())
    second = HybridImages(SHAPE)(images, labels_of(6), generator=generator())
    assert first[1][0].equal(second[1][0])


@pytest.mark.parametrize(
    ("shape", "blurs"),
    [((8, 8), 6), ((64,), 6), (None, 6), ((1, 8.0, 8), 6), (SHAPE, 2.5), (SHAPE, "6"), (SHAPE, 10**30)],
)  # fmt: skip
def test_shapes_and_blurs_that_mean_nothing_are_refused(shape, blurs):
    with pytest.raises(UsageError, match=r"images of|blurs of a mask"):
        HybridImages(shape, blurs)


def test_one_image_without_a_batch_is_refused():
    with pytest.raises(DataError, match="not of shape"):
        HybridImages((1, 8, 8))(torch.rand(64), generator=generator())
    with pytest.raises(DataError, match="a batch of no images"):
        HybridImages((1, 8, 8))(torch.rand(0, 64), generator=generator())
