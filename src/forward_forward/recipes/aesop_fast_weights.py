"""Fast weights (§9): does a fading memory of the recent past help a net that predicts the next character?

Claim: §9 asks "is it possible to use fast weights to mimic a simplified transformer"; no number is given. Ours, made
before the runs: at equal parameters, a first layer that reads ten characters and attends to 22 more by fast weights
takes at most 0.98 of the bits per character that it takes without.

3 × 500 on all fables, teacher-forced negatives. `without`: ten characters. `fast`: the same weights, and a memory of
the last 32 characters. `wide`: a first layer that reads all 32, so it has more weights than the others.
"""

from typing import Any

from forward_forward.data.text import load_text
from forward_forward.data.windows import Windows, windowed
from forward_forward.recipes.reading import best_reader, plan_of
from forward_forward.recipes.recipe import Build, Recipe, Results, prefixed
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan

WINDOW, READ, WIDTHS, EPOCHS = 32, 10, (500, 500, 500), 6


def _build(**reads: Any) -> Build:
    def build(data: Windows, seed: int, device: str) -> tuple[Learner, Plan]:
        return best_reader(data, WIDTHS, seed, device, **reads), plan_of(data, seed, EPOCHS)

    return build


def measure(results: Results) -> dict[str, float | None]:
    """Return every net's metrics, and the bits with fast weights over those without."""
    bits = {net: result["metrics"]["softmax_bits"] for net, result in results.items()}
    return {**prefixed(results), "fast_to_without": bits["fast"] / bits["without"]}


RECIPE = Recipe(
    dataset="aesop",
    claims=(
        Claim("fast_to_without", paper=None, target=0.98, source="ours, before the runs", unit=""),
    ),
    load=load_text,
    prepare=lambda text: windowed(text, WINDOW),
    build={
        "without": _build(read=READ),
        "fast": _build(read=READ, memory=True),
        "wide": _build(),
    },
    measure=measure,
)
