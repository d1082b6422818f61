"""What a record keeps for its pictures: small, plain, and close to what was there."""

import json

import numpy as np
import pytest
import torch

from forward_forward.data import Dataset, Split
from forward_forward.errors import DataError
from forward_forward.exhibits import BLURS, first_layer, hybrid_images, packed, unpacked
from forward_forward.layers.dense import Dense
from forward_forward.layers.symbols import Symbols
from forward_forward.networks.feed_forward import FeedForward
from toys import generator


@pytest.fixture(scope="module")
def data():
    split = Split(torch.rand(20, 36, generator=generator()), torch.arange(20) % 3)
    return Dataset("toy", 3, (1, 6, 6), split, split, ("a", "b", "c"))


def test_what_is_packed_comes_back_to_a_127th():
    values = np.random.default_rng(0).normal(size=(3, 4, 5))
    plain = json.loads(json.dumps(packed(values)))
    assert np.abs(unpacked(plain) - values).max() <= np.abs(values).max() / 254 * 1.01
    assert not unpacked(packed(np.zeros((2, 2)))).any()


@pytest.mark.parametrize(
    "broken", [{"levels": "?"}, {"shape": [7]}, {"largest": None}, {"levels": 3}]
)
def test_damaged_pictures_are_told(broken):
    with pytest.raises(DataError, match="damaged"):
        unpacked({**packed(np.ones((2, 2))), **broken})


def test_the_largest_units_of_a_first_layer_are_kept(data):
    network = FeedForward([Dense(36, 150, generator=generator())], 3)
    kept = first_layer(network, data)["first_layer"]
    assert kept["image"] == [1, 6, 6]
    norms = np.linalg.norm(unpacked(kept), axis=0)
    assert norms.shape == (100,)
    assert (np.diff(norms) < 0.05).all()
    weight = network.layers[0].weight.detach().numpy()
    assert norms[0] == pytest.approx(np.linalg.norm(weight, axis=0).max(), rel=0.02)


def test_what_reads_no_pixels_is_not_shown(data):
    network = FeedForward([Symbols(2, 3, 5, generator=generator())], 3)
    assert first_layer(network, data) == {}


def test_hybrids_are_kept_with_their_masks(data):
    kept = hybrid_images(data)["hybrid_images"]
    masks, hybrids = unpacked(kept["masks"]), unpacked(kept["hybrids"])
    assert masks.shape == (len(BLURS), 2, 6, 6)
    assert set(np.unique(masks)) == {0, 1}
    assert hybrids.shape == (len(BLURS), 2, 36)
    images = data.test.images.numpy()
    for mask, hybrid in zip(masks.reshape(-1, 36) == 1, hybrids.reshape(-1, 36), strict=True):
        kept_of, taken_of = (
            np.flatnonzero((np.abs(images - hybrid) < 0.01)[:, pixels].all(1))
            for pixels in (mask, ~mask)
        )
        assert len(kept_of) == len(taken_of) == 1
        assert kept_of != taken_of
