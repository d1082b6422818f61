"""Hard against random negatives, 3 × 1000: how many epochs to 1.6 and 2 % error on held-out images.

Claim: with hard negatives, wrong labels drawn from the one-pass softmax, training takes about a third of the epochs
(Hinton 2022, §3.3).

Differences from the paper:
1. The net is the author's program's, not 4 × 2000; the paper gives no curves to compare with.
2. The rate stays constant, so that neither net has an advantage of its schedule.
3. Random negatives get 120 epochs, hard ones 40. Where random ones have not got there by then, a ratio takes that
   number for theirs, and the true one is below it; where hard ones have not, there is none.
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

TARGETS = {"epochs_ratio": 1.6, "epochs_ratio_to_2": 2.0}
"""Error on held-out images, in percent, to which epochs are counted."""


def _watched(negatives: Negatives, epochs: int) -> Build:
    build = builder([1000] * 3, rate=0.005, epochs=epochs, negatives=negatives)

    def build_watched(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        learner, plan = build(data, seed, device)
        return learner, replace(plan, schedule=constant, look_every=int(data.held_out))

    return build_watched


def measure(results: Results) -> dict[str, float | None]:
    """Return both nets' errors, and of each target the epochs they took and their ratio."""
    found: dict[str, float | None] = {
        f"{net}_goodness_error": result["metrics"]["goodness_error"]
        for net, result in results.items()
    }
    for ratio, target in TARGETS.items():
        took = {net: epochs_to(result["curves"], target) for net, result in results.items()}
        found |= {f"{net}_epochs_to_{target:g}": epochs for net, epochs in took.items()}
        hard, random = took["hard"], took["random"] or results["random"]["epochs"]
        found[ratio] = None if hard is None else hard / random
    return found


RECIPE = Recipe(
    dataset="mnist",
    claims=tuple(
        Claim(ratio, paper=0.333, target=0.4, source="Hinton 2022, §3.3", unit="")
        for ratio in TARGETS
    ),
    build={"hard": _watched(hard_by_softmax, 40), "random": _watched(random_wrong_label, 120)},
    watched=True,
    measure=measure,
)
