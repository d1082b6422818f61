"""The author's published program for §3.3: 3 × 1000, 100 epochs, hard negatives. The oracle.

Claim: 1.47 to 1.65 % test error on MNIST, permutation-invariant, as run by others.

The program's gradients leave out the 2 of ∂y²/∂y. Ours are the true ones, so its rate 0.01 is 0.005 here, its
weight cost 0.001 is 0.002 and its peer strength 0.03 is 0.06: the same updates.

Differences from the program:
1. The rate falls within the second half step by step, not epoch by epoch.
2. The order of images is drawn anew each epoch; the program keeps its batches.
3. Biases shrink by the weight cost as weights do; whether the program's do is not known here.
4. Rows whose slope is below rounding beside the largest are left out of a weight's gradient.
"""

from collections.abc import Sequence

from forward_forward.data import Dataset
from forward_forward.negatives import Negatives, hard_by_softmax
from forward_forward.networks.feed_forward import FeedForward
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.recipe import Build, Recipe
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.simultaneous import Simultaneous

PEER = 0.06
HEAD_RULE = SmoothedGradient(rate=0.1, weight_decay=0.003)


def builder(
    widths: Sequence[int],
    rate: float,
    epochs: int,
    negatives: Negatives = hard_by_softmax,
) -> Build:
    """Return the program's build function for other widths, rates, numbers of epochs and negatives."""

    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        network = FeedForward.dense(
            data.features,
            data.classes,
            widths,
            generator=generator(seed, "weights"),
            peer=PEER,
            matmul_dtype=fast_matmul_dtype(device),
            device=device,
        )
        learner = taught(network, negatives, rate)
        return learner, Plan(epochs=epochs, batch_size=100, seed=seed)

    return build


def taught(network: FeedForward, negatives: Negatives, rate: float) -> Simultaneous:
    """Return the program's way of learning for any network."""
    return Simultaneous(
        network,
        negatives,
        rule=SmoothedGradient(rate=rate, weight_decay=0.002),
        head_rule=HEAD_RULE,
    )


RECIPE = Recipe(
    dataset="mnist",
    claims=(
        Claim(
            "goodness_error",
            paper=1.47,
            target=1.48,
            source="the author's program, as run by others",
        ),
        Claim(
            "softmax_error",
            paper=None,
            target=1.65,
            source="the author's program, as run by others",
        ),
    ),
    build=builder([1000] * 3, rate=0.005, epochs=100),
)
