"""All fables, windows of 10, 32 and 64: Forward-Forward beside backpropagation, a local rival and an n-gram model.

Claim: ours, made before the runs, for no published record of Forward-Forward on characters is known: fewer bits per
character of other fables than n-gram models with Kneser-Ney smoothing, of order 5 and of the best order, and at most
15 % more than backpropagation of the same net.

3 × 1000, ten epochs; every fifth fable is for the test. `ff`: teacher-forced negatives. `bp`: AdamW, dropout 0.2, a
rate that falls linearly; four epochs over windows of 32 and 64, as more are worse on held-out fables (LOG.md). `local`:
the same, but each layer learns by a cross entropy of its own and hears from no other.
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

WINDOWS, WIDTHS, EPOCHS = (10, 32, 64), (1000, 1000, 1000), 10
RIVAL_EPOCHS = {10: 10, 32: 4, 64: 4}
"""By window; the longer it is, the sooner backpropagation learns the fables by heart."""
COUNTERS = {"five_gram": (5, 0.75), "best_n_gram": (7, 0.9)}
"""Order and discount; the best ones on held-out fables (LOG.md)."""


def _build(kind: str, read: int) -> Build:
    def build(data: Windows, seed: int, device: str) -> tuple[Learner, Plan]:
        if kind == "ff":
            learner: Learner = best_reader(data, WIDTHS, seed, device, read=read)
            return learner, plan_of(data, seed, EPOCHS)
        learner = text_rival(data, WIDTHS, seed, device, read=read, local=kind == "local")
        return learner, plan_of(data, seed, RIVAL_EPOCHS[read], schedule=linear)

    return build


def counted(data: Windows) -> Results:
    """Return what counting the training fables predicts of the others: by the 5-gram, and by the best n-gram."""
    learned, judged = ((split.images, split.labels) for split in (data.train, data.test))
    bits = {
        name: kneser_ney_bits(learned, judged, order=order, symbols=data.classes, discount=discount)
        for name, (order, discount) in COUNTERS.items()
    }
    return {name: {"metrics": {"bits": value}} for name, value in bits.items()}


def measure(results: Results) -> dict[str, float | None]:
    """Return everybody's metrics, and Forward-Forward's bits over the n-gram models' and over backpropagation's."""
    rivals = {name: results[name]["metrics"]["bits"] for name in COUNTERS}
    bits = {net: results[net]["metrics"]["softmax_bits"] for net in results if net not in rivals}
    ratios = {}
    for window in WINDOWS:
        for name, counted_bits in rivals.items():
            ratios[f"ff{window}_to_{name}"] = bits[f"ff{window}"] / counted_bits
        ratios[f"ff{window}_to_bp"] = bits[f"ff{window}"] / bits[f"bp{window}"]
    return {**prefixed(results), **ratios}


def _claims(rival: str, target: float) -> tuple[Claim, ...]:
    source = "ours, before the runs"
    names = [f"ff{window}_to_{rival}" for window in WINDOWS]
    return tuple(Claim(name, paper=None, target=target, source=source, unit="") for name in names)


RECIPE = Recipe(
    dataset="aesop",
    claims=(*_claims("five_gram", 1.0), *_claims("best_n_gram", 1.0), *_claims("bp", 1.15)),
    load=load_text,
    prepare=lambda text: windowed(text, max(WINDOWS)),
    build={
        f"{kind}{window}": _build(kind, window)
        for window in WINDOWS
        for kind in ("ff", "bp", "local")
    },
    beside=counted,
    measure=measure,
)
