"""Prediction: goodness with each of ten labels, and the shortlist, against one plain forward."""

from typing import Any

import torch

from forward_forward.benchmarks.timing import interleaved_medians
from forward_forward.data import load
from forward_forward.environment import environment
from forward_forward.labels import neutral
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.readout import accumulated_goodness, one_pass_softmax, shortlist
from forward_forward.recipes.best_supervised import best_learner
from forward_forward.spec import describe
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan

DESCRIPTION = "time of goodness per label and of the shortlist over one plain forward, and how often they agree"
PIXELS, CLASSES = 784, 10


def run(quick: bool = False, device: str = "cpu") -> dict[str, Any]:
    """Time the readouts of a 4 × 2000 net, and count how often shortlist and goodness agree.

    The agreement is measured on the held-out part of MNIST's training set, where MNIST is at hand, else of the
    digits, with a net of three layers trained for a few epochs in this run.

    Arguments:
        quick: a small net and few rounds, to see that it runs.
        device: as torch spells it.

    Returns:
        `labels_over_forward` (ten labels), `shortlist_over_forward` (three) and `shortlist_agreement`.
    """
    batch, widths, rounds = (20, [30, 20, 20], 2) if quick else (500, [2000] * 4, 15)
    dtype = fast_matmul_dtype(device)
    draw = generator(0, "bench", device=device)
    network = FeedForward.dense(
        PIXELS, CLASSES, widths, generator=draw, matmul_dtype=dtype, device=device
    )
    images = torch.rand(batch, PIXELS, generator=draw, device=device)
    seconds = interleaved_medians(
        {
            "forward": lambda: _forward(network, images),
            "softmax": lambda: one_pass_softmax(network, images),
            "labels": lambda: accumulated_goodness(network, images),
            "shortlist": lambda: shortlist(network, images),
        },
        rounds,
        device,
    )
    return {
        "milliseconds": {name: round(1000 * s, 2) for name, s in seconds.items()},
        "labels_over_forward": round(seconds["labels"] / seconds["forward"], 3),
        "shortlist_over_forward": round(seconds["shortlist"] / seconds["forward"], 3),
        **_agreement(quick, device),
        "environment": environment(device, describe(dtype)),
    }


def _forward(network: FeedForward, images: torch.Tensor) -> torch.Tensor:
    """Return the top activities of one plain pass, as bare as a pass can be."""
    *_, top = network.activities(network.project(images), neutral(CLASSES, images))
    return top


def _agreement(quick: bool, device: str) -> dict[str, Any]:
    from forward_forward.errors import DataError

    try:
        data = load("digits" if quick else "mnist", None, device).for_validation()
    except DataError:
        data = load("digits", None, device).for_validation()
    widths = [20] * 3 if quick else [500] * 3
    learner = best_learner(data, widths, seed=0, device=device)
    train(learner, data, Plan(epochs=1 if quick else 10))
    equal = 0
    for images in data.test.images.split(1000):
        by_goodness = accumulated_goodness(learner.network, images).argmax(1)
        equal += int((shortlist(learner.network, images).argmax(1) == by_goodness).sum())
    agreement = equal / len(data.test)
    return {
        "shortlist_agreement": agreement,
        "agreement_on": data.name,
        "agreement_widths": widths,
    }
