"""`Simultaneous.step` held to the author's program, written out in plain numpy with the author's own numbers."""

import numpy as np
import pytest
import torch

from forward_forward.data import Split
from forward_forward.labels import one_of_n
from forward_forward.negatives import hard_by_softmax
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.simultaneous import Simultaneous
from toys import generator, labels_of, uniform

PIXELS, CLASSES, WIDTHS, BATCH = 20, 4, (9, 8, 7), 6
RATE, WEIGHT_COST, PEER = 0.01, 0.001, 0.03
HEAD_RATE, HEAD_WEIGHT_COST, SMOOTHING, TINY = 0.1, 0.003, 0.9, 1e-10


def normalized(states):
    return states / np.sqrt((states**2).mean(1, keepdims=True) + TINY)


def with_label(images, label):
    """Return the images with a label of strength 1 in place of their first pixels."""
    data = images.copy()
    data[:, :CLASSES] = label
    return data


class AuthorProgram:
    """Weights W[l], biases b[l], their smoothed gradients, running means m[l], and the softmax on layers 2 and 3."""

    def __init__(self, weights, biases):
        self.W = weights
        self.b = biases
        self.v = [np.zeros_like(w) for w in weights]
        self.vb = [np.zeros_like(b) for b in biases]
        self.m = [np.full(w.shape[1], 0.5) for w in weights]
        self.S = np.zeros((sum(WIDTHS[1:]), CLASSES))
        self.c = np.zeros(CLASSES)
        self.vS = np.zeros_like(self.S)
        self.vc = np.zeros_like(self.c)

    def up(self, data):
        """Return each layer's normalised input and its states."""
        inputs, states = [normalized(data)], []
        for w, b in zip(self.W, self.b, strict=True):
            states.append(np.maximum(0, inputs[-1] @ w + b))
            inputs.append(normalized(states[-1]))
        return inputs, states

    def softmax(self, features):
        logits = features @ self.S + self.c
        p = np.exp(logits - logits.max(1, keepdims=True))
        return p / p.sum(1, keepdims=True)

    def step(self, images, targets, negatives, gain):
        count = len(images)
        inputs, _ = self.up(with_label(images, 1 / CLASSES))
        features = np.concatenate(inputs[2:], axis=1)
        error = targets - self.softmax(features)
        pos_inputs, pos_states = self.up(with_label(images, targets))
        neg_inputs, neg_states = self.up(with_label(images, negatives))

        self.vS = SMOOTHING * self.vS + (1 - SMOOTHING) * features.T @ error / count
        self.vc = SMOOTHING * self.vc + (1 - SMOOTHING) * error.sum(0) / count
        self.S = self.S + HEAD_RATE * gain * (self.vS - HEAD_WEIGHT_COST * self.S)
        self.c = self.c + HEAD_RATE * gain * (self.vc - HEAD_WEIGHT_COST * self.c)

        for layer, y in enumerate(pos_states):
            p = 1 / (1 + np.exp(-((y**2).sum(1, keepdims=True) - y.shape[1])))
            self.m[layer] = 0.9 * self.m[layer] + 0.1 * y.mean(0)
            pos = (1 - p) * y + PEER * (self.m[layer].mean() - self.m[layer])
            z = neg_states[layer]
            p = 1 / (1 + np.exp(-((z**2).sum(1, keepdims=True) - z.shape[1])))
            neg = -p * z
            up = pos_inputs[layer].T @ pos + neg_inputs[layer].T @ neg
            self.v[layer] = SMOOTHING * self.v[layer] + (1 - SMOOTHING) * up / count
            bias = pos.sum(0) + neg.sum(0)
            self.vb[layer] = SMOOTHING * self.vb[layer] + (1 - SMOOTHING) * bias / count
            rate = RATE * gain
            self.W[layer] = self.W[layer] + rate * (self.v[layer] - WEIGHT_COST * self.W[layer])
            self.b[layer] = self.b[layer] + rate * (self.vb[layer] - WEIGHT_COST * self.b[layer])


def given_negatives(wrong):
    """Return a negatives function that hands out these labels, and the labels it was asked about."""

    def negatives(images, labels, *, network, generator, logits):
        codes = (one_of_n(y, CLASSES, network.head.weight).unsqueeze(0) for y in (labels, wrong))
        return tuple((images, code) for code in codes)

    return negatives


def numbers(tensor):
    return tensor.detach().numpy().copy()


@pytest.fixture
def pair():
    """The two programs at the same weights, large enough that goodness falls on both sides of the threshold."""
    net = FeedForward.dense(
        PIXELS, CLASSES, WIDTHS, generator=generator(), peer=2 * PEER, dtype=torch.float64
    ).double()
    with torch.no_grad():
        for layer in net.layers:
            layer.bias.copy_(uniform(layer.units, seed=3) - 0.3)
            layer.weight.mul_(1.5)
    first = net.layers[0]
    together = np.concatenate([numbers(first.label_weight), numbers(first.weight[CLASSES:])])
    weights = [together, *(numbers(layer.weight) for layer in net.layers[1:])]
    author = AuthorProgram(weights, [numbers(layer.bias) for layer in net.layers])
    learner = Simultaneous(
        net,
        hard_by_softmax,
        rule=SmoothedGradient(rate=RATE / 2, weight_decay=2 * WEIGHT_COST),
        head_rule=SmoothedGradient(rate=HEAD_RATE, weight_decay=HEAD_WEIGHT_COST),
    )
    return author, learner


def assert_equal(author, net):
    def close(tensor, expected):
        np.testing.assert_allclose(numbers(tensor), expected, rtol=1e-9, atol=1e-9)

    for i, layer in enumerate(net.layers):
        weight = layer.weight
        if i == 0:
            assert not layer.weight[:CLASSES].any()
            weight = torch.cat([layer.label_weight, layer.weight[CLASSES:]])
        close(weight, author.W[i])
        close(layer.bias, author.b[i])
        close(layer.bias.grad, -2 * author.vb[i])
        close(layer.peer.mean_activity, author.m[i])
    close(net.head.weight, author.S)
    close(net.head.bias, author.c)


def test_steps_are_the_author_s(pair):
    author, learner = pair
    start = [w.copy() for w in author.W]
    split = Split(uniform(30, PIXELS, seed=1), labels_of(30, classes=CLASSES))
    learner.begin(split, 0, 0)
    for step, gain in enumerate([1.0, 1.0, 0.4]):
        rows = torch.arange(BATCH) * 3 + step
        labels = split.labels[rows]
        wrong = (labels + 1 + torch.arange(BATCH) % (CLASSES - 1)) % CLASSES
        learner.negatives = given_negatives(wrong)
        learner.step(rows, generator(step), gain)
        eye = np.eye(CLASSES)
        author.step(numbers(split.images[rows]), eye[labels], eye[wrong], gain)
        assert_equal(author, learner.network)
    assert all(np.abs(w - s).max() > 1e-4 for w, s in zip(author.W, start, strict=True))
    assert np.abs(author.S).max() > 1e-3


def test_the_peers_pull_is_felt(pair):
    """So that a pull that is in effect off would show above."""
    author, learner = pair
    images = uniform(BATCH, PIXELS, seed=1)
    _, states = author.up(with_label(numbers(images), 1 / CLASSES))
    y = states[1]
    p = 1 / (1 + np.exp(-((y**2).sum(1, keepdims=True) - y.shape[1])))
    m = 0.45 + 0.1 * y.mean(0)
    assert np.abs(PEER * (m.mean() - m)).max() > 1e-4 * np.abs((1 - p) * y).max()


def test_the_readout_is_the_author_s(pair):
    author, learner = pair
    images = uniform(BATCH, PIXELS, seed=1)
    scores = learner.scores(images)
    for c in range(CLASSES):
        _, states = author.up(with_label(numbers(images), np.eye(CLASSES)[c]))
        expected = sum((y**2).sum(1) for y in states[1:])
        np.testing.assert_allclose(numbers(scores.readouts["goodness"][:, c]), expected, rtol=1e-9)
