"""The paper's unsupervised net, its softmax reading the first layer or not (§3.2).

Claim: "Using the first hidden layer as part of the input to the linear classifier makes the test performance worse";
no number is given. Reached: on the very same hidden layers, a softmax that reads all four makes more errors than one
that reads the last three.

Differences from the paper:
1. Those of `hinton2022_unsupervised`, but for the last: both softmaxes learn afterwards, alike, from layers that no
   longer change.
2. The hidden layers learn for 30 epochs, not for 100, and each softmax for 10, from batches in one and the same order.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from forward_forward.data import Dataset
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.recipes.author_program import HEAD_RULE
from forward_forward.recipes.hinton2022_unsupervised import builder
from forward_forward.recipes.recipe import Recipe
from forward_forward.records import Claim
from forward_forward.training.evaluation import evaluate
from forward_forward.training.head_only import HeadOnly
from forward_forward.training.learner import Learner
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan

EPOCHS, HEAD_EPOCHS = 30, 10
READ = {"last_three": 1, "all_layers": 0}
"""The first layer that a softmax reads."""


def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
    """Return the learner of `hinton2022_unsupervised`, and a shorter plan."""
    learner, plan = builder(read_from=1)(data, seed, device)
    return learner, replace(plan, epochs=EPOCHS)


def both_heads(learner: Learner, data: Dataset) -> Mapping[str, float]:
    """Return the test errors of a fresh softmax on the last three layers, and of one on all four."""
    errors = {name: _error_of_head(learner, data, read_from) for name, read_from in READ.items()}
    found = {f"{name}_error": error for name, error in errors.items()}
    return {**found, "all_to_last_three": errors["all_layers"] / errors["last_three"]}


def _error_of_head(learner: Learner, data: Dataset, read_from: int) -> float:
    below: Any = learner.network
    network = FeedForward(
        list(below.layers),
        data.classes,
        normalization=below.normalization,
        read_from=read_from,
    )
    head = HeadOnly(network, HEAD_RULE)
    train(head, data, Plan(HEAD_EPOCHS, batch_size=100))
    return evaluate(head.scores, data.test, data.classes).metrics["softmax_error"]


RECIPE = Recipe(
    dataset="mnist",
    claims=(
        Claim(
            "all_to_last_three",
            paper=None,
            target=1.0,
            source="Hinton 2022, §3.2",
            unit="",
            higher_is_better=True,
        ),
    ),
    build=build,
    also=both_heads,
)
