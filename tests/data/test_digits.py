import numpy as np
import torch
from sklearn.datasets import load_digits

from forward_forward.data import digits, load


def test_shapes_and_values():
    dataset = load("digits")
    assert dataset.train.images.shape == (1437, 64)
    assert dataset.test.images.shape == (360, 64)
    assert dataset.shape == (1, 8, 8)
    assert dataset.class_names == tuple("0123456789")
    assert float(dataset.train.images.max()) == 1.0
    assert (dataset.train.images * 16).frac().abs().max() == 0


def test_the_split_is_stratified_and_complete():
    labels = load_digits().target
    train, test = digits.split(labels)
    assert sorted([*train, *test]) == list(range(1797))
    share = np.bincount(labels[test]) - np.bincount(labels) / 5
    assert np.abs(share).max() < 1


def test_the_split_never_changes():
    train, test = digits.split(load_digits().target)
    assert train[:5].tolist() == [1707, 927, 713, 262, 182]
    assert test[:5].tolist() == [458, 487, 1722, 1307, 546]


def test_images_go_with_their_labels():
    pixels, labels = load_digits(return_X_y=True)
    train, _ = digits.split(labels)
    dataset = digits.load()
    assert dataset.train.labels.equal(torch.from_numpy(labels[train]))
    assert np.array_equal(dataset.train.images.numpy() * 16, pixels[train])


def test_the_held_out_tail_knows_all_classes():
    validation = digits.load().for_validation()
    assert (len(validation.train), len(validation.test)) == (1197, 240)
    assert validation.test.labels.bincount().min() >= 10
