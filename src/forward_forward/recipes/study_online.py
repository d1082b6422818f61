"""One pass over single samples by exact steps, 2 × 500: error by samples seen, beside backpropagation (§6).

Goal: at most 5 % test error after one pass over MNIST's 60,000 samples, one by one. The paper has no number for it, for
there "we still use mini-batches".

Three nets of the same hidden layers see the same stream, and each is read by the running average of its weights.
`exact` jumps to its goals; `equal` is the same learner with steps of one size, chosen among six; `backprop` goes down
the cross entropy of a softmax.

Differences from the paper, each chosen with 50,000 samples to learn from and 10,000 to judge by (docs/online.md):
1. A sample's right and wrong label are asked in the same pass, and their two steps are added: together they are not
   exact. One after the other, each exact, was a little worse.
2. A layer steps only where its goodness with the right label is less than 1.25 times that with the wrong one, and every
   layer takes the wrong label that it finds most real itself.
3. Images are standardised and the label has strength 7, a quarter of the image's length; biases do not learn.
4. The share of the step that is taken falls from 1 to 0 over the stream. Kept at 1, for which nobody needs to know how
   long the stream is, the error is 2.9 % instead of 2.5.
5. The rival's rate, 0.03, falls in the same way.
The test split is looked at after 1000 samples, 2000, and so on, for the curve alone: nothing stops or chooses by it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from forward_forward.baselines.backprop import Perceptron
from forward_forward.beyond.exact import exact_rate
from forward_forward.beyond.looks import Looked
from forward_forward.beyond.online import EqualSteps, Online, Step, online_network
from forward_forward.beyond.slow import Averaged
from forward_forward.data import Dataset
from forward_forward.randomness import generator
from forward_forward.recipes.recipe import Build, Recipe, Results
from forward_forward.records import Claim
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import PlainGradient
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import linear

WIDTHS = [500, 500]
LOOKS = (1000, 2000, 5000, 10_000, 20_000, 50_000, 60_000)


def by_goodness(step: Step) -> Callable[[Dataset, int, str], Learner]:
    """Return what makes an online learner with this kind of step."""

    def make(data: Dataset, seed: int, device: str) -> Learner:
        draw = generator(seed, "weights")
        network = online_network(data.features, data.classes, WIDTHS, generator=draw, device=device)
        return Online(network, step)

    return make


def by_backprop(data: Dataset, seed: int, device: str) -> Learner:
    """Return the rival."""
    draw = generator(seed, "weights")
    network = Perceptron(data.features, data.classes, WIDTHS, generator=draw, device=device)
    return Averaged(Backpropagation(network, PlainGradient(0.03)))


def _in_one_pass(make: Callable[[Dataset, int, str], Learner]) -> Build:
    def build(data: Dataset, seed: int, device: str) -> tuple[Learner, Plan]:
        learner = Looked(make(data, seed, device), data.test, data.classes, LOOKS)
        return learner, Plan(epochs=1, batch_size=1, seed=seed, schedule=linear)

    return build


def measure(results: Results) -> dict[str, float | None]:
    """Return each net's error after the pass, and its seconds, looks included."""
    readouts = {"exact": "goodness", "equal": "goodness", "backprop": "softmax"}
    errors = {net: results[net]["metrics"][f"{kind}_error"] for net, kind in readouts.items()}
    return {
        "online_goodness_error": errors["exact"],
        "equal_steps_error": errors["equal"],
        "backprop_error": errors["backprop"],
        **{f"{net}_seconds": results[net]["seconds"] for net in readouts},
    }


def traces(learner: Any, data: Dataset) -> Mapping[str, Any]:
    """Return the error in percent after so many samples; None where there were not so many."""
    errors = [None if error != error else error for error in learner.errors]  # noqa: PLR0124
    return {"samples": list(learner.at), "error_by_samples": errors}


RECIPE = Recipe(
    dataset="mnist",
    claims=(
        Claim(
            "online_goodness_error", paper=None, target=5.0, source="our goal for Hinton 2022, §6"
        ),
    ),
    build={
        "exact": _in_one_pass(by_goodness(exact_rate)),
        "equal": _in_one_pass(by_goodness(EqualSteps(0.5))),
        "backprop": _in_one_pass(by_backprop),
    },
    measure=measure,
    traces=traces,
)
