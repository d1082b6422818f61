"""Hard against random negatives, 3 × 1000: how many epochs each takes to 2 % error on held-out images.

Claim: with hard negatives, wrong labels drawn from the one-pass softmax, training takes about a third of the epochs
(Hinton 2022, §3.3).

Differences from the paper:
1. The net is the author's program's, not 4 × 2000; the paper gives no curves to compare with.
2. The rate stays constant, so that neither net has an advantage of its schedule.
3. Random negatives get 90 epochs, hard ones 30. Where a net has not got there by then, `epochs_ratio` takes
   that number for it: the true ratio is then below it (random) or above it (hard).
"""

from dataclasses import replace

from forward_forward.data import Dataset
from forward_forward.negatives import Negatives, hard_by_softmax, random_wrong_label
from forward_forward.recipes.author_program import builder
from forward_forward.recipes.matched import epochs_to
from forward_forward.recipes.recipe import Build, Recipe, Results
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import constant

TARGET = 2.0


def _watched(negatives: Negatives, epochs: int) -> Build:
    build = builder([1000] * 3, rate=0.005, epochs=epochs, negatives=negatives)

    def build_watched(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        learner, plan = build(data, seed, device)
        return learner, replace(plan, schedule=constant, look_every=int(data.held_out))

    return build_watched


def measure(results: Results) -> dict[str, float | None]:
    """Return both nets' errors, the epochs they took, and the ratio."""
    hard, random = (epochs_to(results[net]["curves"], TARGET) for net in ("hard", "random"))
    most = {net: result["epochs"] for net, result in results.items()}
    return {
        "hard_goodness_error": results["hard"]["metrics"]["goodness_error"],
        "random_goodness_error": results["random"]["metrics"]["goodness_error"],
        "hard_epochs": hard,
        "random_epochs": random,
        "epochs_ratio": (hard or most["hard"]) / (random or most["random"]),
    }


RECIPE = Recipe(
    dataset="mnist",
    claims=(Claim("epochs_ratio", paper=0.333, target=0.4, source="Hinton 2022, §3.3", unit=""),),
    build={"hard": _watched(hard_by_softmax, 30), "random": _watched(random_wrong_label, 90)},
    watched=True,
    measure=measure,
)
