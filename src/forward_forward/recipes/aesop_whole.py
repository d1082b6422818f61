"""All fables, windows of 10, 32 and 64: Forward-Forward beside backpropagation, a local rival and an n-gram model.

Claim: ours, made before the runs, for no published record of Forward-Forward on characters is known: fewer bits per
character of held-out fables than a 5-gram model with Kneser-Ney smoothing, and at most 15 % more than backpropagation
of the same net.

3 × 1000; every fifth fable is for the test. `ff`: teacher-forced negatives. `bp`: AdamW, dropout 0.2, a rate that falls
linearly. `local`: the same, but each layer learns by a cross entropy of its own and hears from no other.
"""

from forward_forward.baselines.ngram import kneser_ney_bits
from forward_forward.data.text import load_text
from forward_forward.data.windows import Windows, windowed
from forward_forward.recipes.reading import best_reader, plan_of, text_rival
from forward_forward.recipes.recipe import Build, Recipe, Results, prefixed
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import linear

WINDOWS, WIDTHS, EPOCHS, ORDER = (10, 32, 64), (1000, 1000, 1000), 10, 5


def _build(kind: str, read: int) -> Build:
    def build(data: Windows, seed: int, device: str) -> tuple[Learner, Plan]:
        if kind == "ff":
            learner: Learner = best_reader(data, WIDTHS, seed, device, read=read)
            return learner, plan_of(data, seed, EPOCHS)
        learner = text_rival(data, WIDTHS, seed, device, read=read, local=kind == "local")
        return learner, plan_of(data, seed, EPOCHS, schedule=linear)

    return build


def five_gram(data: Windows) -> Results:
    """Return what counting the training fables predicts of the others."""
    learned, judged = ((split.images, split.labels) for split in (data.train, data.test))
    bits = kneser_ney_bits(learned, judged, order=ORDER, symbols=data.classes)
    return {"five_gram": {"metrics": {"softmax_bits": bits, "softmax_perplexity": 2**bits}}}


def measure(results: Results) -> dict[str, float | None]:
    """Return everybody's metrics, and Forward-Forward's bits over the n-gram model's and over backpropagation's."""
    bits = {name: result["metrics"]["softmax_bits"] for name, result in results.items()}
    ratios = {}
    for window in WINDOWS:
        ratios[f"ff{window}_to_five_gram"] = bits[f"ff{window}"] / bits["five_gram"]
        ratios[f"ff{window}_to_bp"] = bits[f"ff{window}"] / bits[f"bp{window}"]
    return {**prefixed(results), **ratios}


def _claims(rival: str, target: float) -> tuple[Claim, ...]:
    source = "ours, before the runs"
    names = [f"ff{window}_to_{rival}" for window in WINDOWS]
    return tuple(Claim(name, paper=None, target=target, source=source, unit="") for name in names)


RECIPE = Recipe(
    dataset="aesop",
    claims=(*_claims("five_gram", 1.0), *_claims("bp", 1.15)),
    load=load_text,
    prepare=lambda text: windowed(text, max(WINDOWS)),
    build={
        f"{kind}{window}": _build(kind, window)
        for window in WINDOWS
        for kind in ("ff", "bp", "local")
    },
    beside=five_gram,
    measure=measure,
)
