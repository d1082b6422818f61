"""Contextual prediction (§3.5): what comes from above cancels what comes from below, or the net collapses.

Claim: two, for which the paper has no numbers; what counts as reached, half, was set before the runs.
1. Where real data is to have low activity, the top-down input learns to cancel the bottom-up one on positive data: at
   most half of it is left.
2. Negatives made of internal representations, the contextual predictions of other images, let representations
   collapse: activities vary in at most half as many directions as with negative data.

Three nets without labels, two maps of 28 × 28 places with 3 units and 7 × 7 fields below and above, on MNIST:
`low` learns low activity for images and high for hybrids of them, `high` the other way about, and `others` as `high`,
but its negatives are the images themselves in the context of other ones. Metrics: the share of the first layer's input
from below that is not cancelled on images and on hybrids, at the units which it drives; the squared activity that the
first layer's input calls for with the context, in percent of that without (the median); the number of directions in
which each layer's normalised activities vary; and the error of a linear softmax on the bottom-up pass.

Differences from the paper:
1. It describes no such net; size, hybrids and 3 epochs are ours. No peer normalisation, which works against units that
   are always off. Rates are those of `hinton2022_recurrent`, and so is the loss of `high` and `others`.
2. `low` has a threshold, at a mean square of 0.1, temperature 0.03: a loss on pairs asks for less activity on real data
   than on hybrids, not for little. Chosen on held-out images (LOG.md).
3. What is cancelled was first counted at all units, where silent ones rule it; the measure was replaced after first
   results, the target was not (LOG.md).
"""

from collections.abc import Mapping
from typing import Any

import torch

from forward_forward.context import (
    activity_kept,
    cancelled,
    effective_rank,
    of_another_image,
    same_images,
)
from forward_forward.data import Dataset
from forward_forward.exhibits import TRACED, by_iteration, images_and_hybrids
from forward_forward.goodness import mean_of_squares, negative_mean_of_squares
from forward_forward.hybrids import HybridImages
from forward_forward.losses import ThresholdLogistic
from forward_forward.networks.recurrent import Recurrent
from forward_forward.networks.recurrent_nets import local_recurrent
from forward_forward.networks.wiring import without_labels
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.hinton2022_recurrent import HEAD_RULE, PARTS, RULE
from forward_forward.recipes.recipe import Build, Recipe, Results, prefixed
from forward_forward.records import Claim
from forward_forward.training.iterated import Iterated
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan

LOW = {"goodness": negative_mean_of_squares, "loss": ThresholdLogistic(-0.1, temperature=0.03)}
HIGH = {"goodness": mean_of_squares}


def _build(objective: Mapping[str, Any], *, other_context: bool) -> Build:
    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        network = local_recurrent(
            data.shape,
            data.classes,
            2,
            field=7,
            generator=generator(seed, "weights"),
            wiring=without_labels(2),
            matmul_dtype=fast_matmul_dtype(device),
            device=device,
            **{**PARTS, "peer": 0.0, **objective},
        )
        learner = Iterated(
            network,
            same_images if other_context else HybridImages(data.shape),
            rule=RULE,
            head_rule=HEAD_RULE,
            context=of_another_image if other_context else None,
        )
        return learner, Plan(epochs=3, batch_size=100, seed=seed)

    return build


@torch.no_grad()
def measured(learner: Learner, data: Dataset) -> Mapping[str, float]:
    """Return what is left of the first layer's input and activity, and how each layer's activities vary."""
    network: Recurrent = learner.network
    found = {}
    for kind, shown in zip(("images", "hybrids"), images_and_hybrids(data), strict=True):
        left = 1 - cancelled(network, shown, None)[:, 0].nanmean()
        found[f"uncancelled_{kind}"] = 100 * float(left)
        found[f"activity_{kind}"] = 100 * float(
            activity_kept(network, shown, None)[:, 0].nanmedian()
        )
    _, state = network.run(network.project(data.test.images[:TRACED]), None)
    for index, h in enumerate(state.h):
        found[f"directions_{index + 1}"] = effective_rank(h.flatten(0, 1).float())
    return found


def traces(learner: Learner, data: Dataset) -> Mapping[str, Any]:
    """Return by iteration and layer what is cancelled: positives are images, negatives hybrids of them."""
    return by_iteration(learner.network, data)


def measure(results: Results) -> dict[str, float | None]:
    """Return each net's metrics, and the directions of `others` over those of `high`, first layers."""
    others, high = (results[net]["metrics"]["directions_1"] for net in ("others", "high"))
    return {**prefixed(results), "directions_ratio": others / high if high else None}


RECIPE = Recipe(
    dataset="mnist",
    claims=(
        Claim("low_uncancelled_images", paper=None, target=50, source="Hinton 2022, §3.5"),
        Claim("directions_ratio", paper=None, target=0.5, source="Hinton 2022, §3.5", unit=""),
    ),
    build={
        "low": _build(LOW, other_context=False),
        "high": _build(HIGH, other_context=False),
        "others": _build(HIGH, other_context=True),
    },
    measure=measure,
    also=measured,
    traces=traces,
)
