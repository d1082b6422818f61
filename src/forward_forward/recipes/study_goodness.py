"""The menu of §9: goodness, activation, opposed units, thresholds and objectives by layer, and passes far apart.

Claim: minimising the squares of real data "seems to work slightly better" than maximising them, and minimising the sum
of activities "has worked well"; of the rest §9 asks whether it would. No number is given. Ours, set before the runs: it
does where the error is at most that of `squares_max`, the author's loss; apart, 1.05 times that of `together`.

3 × 500, 6 epochs. Real data is to be active (`max`) or quiet (`min`), by squares or by plain sums, each sum with the
normalisation of note 21; `pairs`: a loss on pairs; `student_t`: units under a t-distribution, in pairs too;
`student_t_min`: the goodness is their joint log density; `opposed`: detectors of features and of violated constraints;
`thresholds`: half, once and twice the units, from bottom to top; `mixed`: another objective in every layer;
`apart_<n>`: n batches of positives, then their negatives; `together`: both at once, with the same parts.

Differences from the paper, which states no more than the questions:
1. Each net has a rate of its own, chosen on held-out training images after two epochs; for passes 10 batches apart or
   more, on narrower nets and 20,000 images (LOG.md).
2. Where passes are 10 batches apart or more, a label weighs 5 pixels and not 1: what both passes share, the image, is
   learned back and forth, and only what differs stays.
3. `student_t` and `opposed` differ from `squares_max` in the loss as well, which is that of `pairs`: what units under a
   t-distribution and opposed ones do is their difference to `pairs`.
"""

from collections.abc import Mapping
from typing import Any

from forward_forward.beyond.apart import Apart
from forward_forward.beyond.student_t import LabelledStudentT, StudentT
from forward_forward.data import Dataset
from forward_forward.goodness import (
    mean_of_opposed_squares,
    mean_of_squares,
    negative_sum_of_activities,
    negative_sum_of_squares,
    sum_of_activities,
    sum_of_squares,
)
from forward_forward.layers.dense import Dense
from forward_forward.layers.labelled_dense import LabelledDense
from forward_forward.losses import SiLU, ThresholdLogistic
from forward_forward.negatives import hard_by_softmax
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.normalization import Normalization, length, sum_to_units
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.author_program import PEER, taught
from forward_forward.recipes.recipe import Build, Recipe, Results
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan

WIDTH, DEPTH, EPOCHS, BATCH = 500, 3, 6, 100
Parts = Mapping[str, Any]
PLAIN, UNDER_T = (LabelledDense, Dense), (LabelledStudentT, StudentT)
"""The first layer's type, and that of those above it."""


def network_of(
    data: Dataset,
    seed: int,
    device: str,
    *layers: Parts,
    kinds: tuple[type[LabelledDense], type[Dense]] = PLAIN,
    normalization: Normalization = length,
    strength: float = 1.0,
) -> FeedForward:
    """Return a net whose layers each have parts of their own.

    Arguments:
        data, seed, device: of a `Build`.
        layers: goodness, loss and peer strength of each layer, bottom to top; of one alone, of all.
        kinds: the first layer's type, and that of those above.
        normalization: between layers, and of image and label.
        strength: of the label.
    """
    common: dict[str, Any] = {
        "peer": PEER,
        "generator": generator(seed, "weights"),
        "matmul_dtype": fast_matmul_dtype(device),
        "device": device,
    }
    lowest, *above = [{**common, **parts} for parts in layers * (DEPTH // len(layers))]
    first, later = kinds
    reading: dict[str, Any] = {"normalization": normalization, "strength": strength}
    bottom = first(data.features, data.classes, WIDTH, **reading, **lowest)
    stack = [bottom, *(later(WIDTH, WIDTH, **parts) for parts in above)]
    return FeedForward(stack, data.classes, normalization=normalization)


def _both(*layers: Parts, rate: float, **options: Any) -> Build:
    """Return the build function of a net that learns from both passes at once."""

    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        learner = taught(network_of(data, seed, device, *layers, **options), hard_by_softmax, rate)
        return learner, Plan(EPOCHS, batch_size=BATCH, seed=seed)

    return build


def _apart(phase: int | None, rate: float, strength: float) -> Build:
    """Return the build function of a net whose passes are so many batches apart; None is an epoch."""

    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        network = network_of(data, seed, device, SHARP, strength=strength)
        plain = taught(network, hard_by_softmax, rate)
        batches = max(1, len(data.train) // BATCH) if phase is None else phase
        learner = Apart(network, hard_by_softmax, plain.rule, plain.head_rule, phase=batches)
        return learner, Plan(EPOCHS, batch_size=BATCH, seed=seed)

    return build


THRESHOLD, PAIRS = ThresholdLogistic(), SiLU(alpha=6.0)
SQUARES = {"goodness": sum_of_squares, "loss": THRESHOLD}
ON_PAIRS = {"goodness": mean_of_squares, "loss": PAIRS}
OPPOSED = {"goodness": mean_of_opposed_squares, "loss": PAIRS}
SOFT = {"goodness": mean_of_squares, "loss": ThresholdLogistic(temperature=1 / 6)}
SHARP = {"goodness": mean_of_squares, "loss": ThresholdLogistic(temperature=1 / 30), "peer": 0.5}
"""A sharp threshold, so that a pass soon stops to teach once it is judged rightly (§5.1, note 15)."""


def _with(goodness: Any) -> Parts:
    return {"goodness": goodness, "loss": THRESHOLD}


def _from(share: float) -> Parts:
    """Return the author's objective with a threshold of this share of the units."""
    return {"goodness": sum_of_squares, "loss": ThresholdLogistic(threshold=share * WIDTH)}


FIRST, TOGETHER = "squares_max", "together"
NETS: dict[str, Build] = {
    FIRST: _both(SQUARES, rate=5e-3),
    "squares_min": _both(_with(negative_sum_of_squares), rate=5e-3),
    "activities_max": _both(_with(sum_of_activities), rate=0.01, normalization=sum_to_units),
    "activities_min": _both(
        _with(negative_sum_of_activities), rate=3e-3, normalization=sum_to_units
    ),
    "pairs": _both(ON_PAIRS, rate=3e-3),
    "student_t": _both(ON_PAIRS, rate=3e-3, kinds=UNDER_T),
    "student_t_min": _both(_with(negative_sum_of_activities), rate=0.01, kinds=UNDER_T),
    "opposed": _both(OPPOSED, rate=3e-3),
    "thresholds": _both(_from(0.5), _from(1.0), _from(2.0), rate=5e-3),
    "mixed": _both(SOFT, ON_PAIRS, OPPOSED, rate=3e-3),
    TOGETHER: _apart(0, rate=6e-4, strength=1.0),
    "apart_1": _apart(1, rate=6e-4, strength=1.0),
    "apart_10": _apart(10, rate=6e-5, strength=5.0),
    "apart_100": _apart(100, rate=1.2e-5, strength=5.0),
    "apart_epoch": _apart(None, rate=1e-5, strength=5.0),
}
BESIDE = {
    net: TOGETHER if net.startswith("apart") else FIRST
    for net in NETS
    if net not in (FIRST, TOGETHER)
}
"""Each net → the one whose error it is measured by."""


def measure(results: Results) -> dict[str, float | None]:
    """Return every net's error by goodness and its seconds, and errors over that of the net beside it."""
    errors = {net: result["metrics"]["goodness_error"] for net, result in results.items()}
    return {
        **{f"{net}_error": error for net, error in errors.items()},
        **{f"{net}_seconds": result["seconds"] for net, result in results.items()},
        **{f"{net}_to_{other}": errors[net] / errors[other] for net, other in BESIDE.items()},
    }


def _claim(net: str, other: str) -> Claim:
    target = 1.05 if other == TOGETHER else 1.0
    source = "Hinton 2022, §9, which gives no number"
    return Claim(f"{net}_to_{other}", paper=None, target=target, source=source, unit="")


RECIPE = Recipe(
    dataset="mnist",
    claims=tuple(_claim(net, other) for net, other in BESIDE.items()),
    build=NETS,
    measure=measure,
)
