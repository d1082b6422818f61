"""Contextual prediction (§3.5): what comes from above cancels what comes from below, or the net collapses.

Claim: two, for which the paper has no numbers; what counts as reached was set before the runs.
1. Where real data is to have low activity, the top-down input learns to cancel the bottom-up one on positive data: at
   most half of it is left.
2. Negatives made of internal representations, the contextual predictions of other images, let representations
   collapse; negative data does not: activities vary in at most half as many directions.

Three nets without labels, two maps of 28 × 28 places with 3 units and 7 × 7 fields below and above, on MNIST:
`low` learns low activity for images and high for hybrids of them, `high` the other way about, and `others` as `high`,
but its negatives are the images themselves in the context of other ones. Metrics: the share of the first layer's input
from below that is not cancelled on images and on hybrids, the number of directions in which each layer's activities
vary, and the error of a linear softmax on the bottom-up pass.

Differences from the paper:
1. It describes no such net; size, hybrids and 10 epochs are ours. Loss, peer normalisation, which works against units
   that are always off, and rates are those of `hinton2022_recurrent`.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from forward_forward.context import cancelled, effective_rank, of_another_image, same_images
from forward_forward.data import Dataset
from forward_forward.goodness import mean_of_squares, negative_mean_of_squares
from forward_forward.hybrids import HybridImages
from forward_forward.networks.recurrent import Recurrent
from forward_forward.networks.recurrent_nets import local_recurrent
from forward_forward.networks.wiring import without_labels
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.hinton2022_recurrent import HEAD_RULE, PARTS, RULE, means
from forward_forward.recipes.recipe import Build, Recipe, Results, prefixed
from forward_forward.records import Claim
from forward_forward.slopes import Goodness
from forward_forward.training.iterated import Iterated
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan

IMAGES = 1000
"""Test images that the nets are measured on."""


def _build(goodness: Goodness, *, other_context: bool) -> Build:
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
            **PARTS | {"goodness": goodness},
        )
        learner = Iterated(
            network,
            same_images if other_context else HybridImages(data.shape),
            rule=RULE,
            head_rule=HEAD_RULE,
            context=of_another_image if other_context else None,
        )
        return learner, Plan(epochs=10, batch_size=100, seed=seed)

    return build


@torch.no_grad()
def measured(learner: Learner, data: Dataset) -> Mapping[str, float]:
    """Return what is cancelled in the first layer, mean over iterations, and how each layer's activities vary."""
    network: Recurrent = learner.network
    found = {
        f"uncancelled_{kind}": 100 * (1 - float(shares[:, 0].mean()))
        for kind, shares in _cancelled(network, data).items()
    }
    _, state = network.run(network.project(data.test.images[:IMAGES]), None)
    for index, h in enumerate(state.h):
        found[f"directions_{index + 1}"] = effective_rank(h.flatten(0, 1).float())
    return found


def traces(learner: Learner, data: Dataset) -> Mapping[str, Any]:
    """Return by iteration and layer what is cancelled: positives are images, negatives hybrids of them."""
    shares = _cancelled(learner.network, data)
    sides = {"positive": shares["images"], "negative": shares["hybrids"]}
    return {
        "cancelled_by_iteration": {side: means(share[:, :, 0]) for side, share in sides.items()}
    }


def _cancelled(network: Recurrent, data: Dataset) -> dict[str, Tensor]:
    images = data.test.images[:IMAGES]
    draw = generator(0, "hybrids", device=images.device)
    (real,), (hybrid,) = HybridImages(data.shape)(images, generator=draw)
    return {
        kind: cancelled(network, shown, None)
        for kind, shown in (("images", real), ("hybrids", hybrid))
    }


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
        "low": _build(negative_mean_of_squares, other_context=False),
        "high": _build(mean_of_squares, other_context=False),
        "others": _build(mean_of_squares, other_context=True),
    },
    measure=measure,
    also=measured,
    traces=traces,
)
