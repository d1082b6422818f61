"""Sleep (§9): how far apart may positives and negatives be, and what becomes of a net that is kept awake?

Claim: §9 asks "Can the positive and negative passes be very widely separated in time as they would be if the
negative passes were done during sleep?" and "If the negative phase is eliminated for a while, do the effects mimic the
devastating effects of severe sleep deprivation?"; no number is given. Ours, made before the runs: with phases of 1 to
1000 steps, or of whole epochs, the perplexity on held-out strings is at most 5 % above that of learning both at once;
and a net that was kept awake for a while recovers to within 5 % of one that was not.

3 × 500 on the strings of `hinton2022_aesop`, dreams of five characters written once an epoch. `together`: positives
and negatives in every step. `apart_<n>`: n steps awake, n asleep. `apart_epoch`: an epoch each. `deprived`: as
`apart_10`, but kept awake for five epochs in the middle. `online`: as `apart_epoch`, one character at a time.
"""

from forward_forward.data.text import load_text
from forward_forward.data.windows import Windows
from forward_forward.generated import RolledOut
from forward_forward.recipes.hinton2022_aesop import strings_of
from forward_forward.recipes.reading import (
    APART,
    WEIGHT_DECAY,
    head_rule,
    plan_of,
    rate_for,
    reading_network,
)
from forward_forward.recipes.recipe import Build, Recipe, Results, prefixed
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.optimizers import SmoothedGradient
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import constant
from forward_forward.training.wake_sleep import WakeSleep

WIDTHS, EPOCHS, BATCH, DREAM = (500, 500, 500), 20, 62, 5
PHASES = {"together": 0, "apart_1": 1, "apart_10": 10, "apart_100": 100, "apart_1000": 1000}
AWAKE = (8, 13)
"""Epochs between which the deprived net does not sleep."""
ONLINE_EPOCHS, RATE = 3, rate_for(WIDTHS, apart=True)
ONLINE_RATE = RATE / 20


def _build(phase: int | None, *, deprived: bool = False) -> Build:
    """Return the build function of a net with phases of so many steps; None is an epoch."""

    def build(data: Windows, seed: int, device: str) -> tuple[Learner, Plan]:
        epoch = len(data.train) // BATCH
        awake = (2 * epoch * AWAKE[0], 2 * epoch * AWAKE[1]) if deprived else (0, 0)
        learner = _learner(data, seed, device, RATE, phase, epoch, awake)
        passes = 1 if phase == 0 else 2
        return learner, plan_of(
            data, seed, EPOCHS, batch_size=BATCH, passes=passes, schedule=constant
        )

    return build


def online(data: Windows, seed: int, device: str) -> tuple[Learner, Plan]:
    """Return a net that reads an epoch character by character, and then dreams as many."""
    learner = _learner(data, seed, device, ONLINE_RATE, None, len(data.train), (0, 0))
    return learner, plan_of(data, seed, ONLINE_EPOCHS, batch_size=1, passes=2, schedule=constant)


def _learner(
    data: Windows,
    seed: int,
    device: str,
    rate: float,
    phase: int | None,
    epoch: int,
    deprived: tuple[int, int],
) -> WakeSleep:
    network = reading_network(data, WIDTHS, seed, device, **APART)
    return WakeSleep(
        network,
        RolledOut(DREAM),
        SmoothedGradient(rate, WEIGHT_DECAY),
        head_rule(network),
        phase=epoch if phase is None else phase,
        stock=epoch,
        deprived=deprived,
    )


def measure(results: Results) -> dict[str, float | None]:
    """Return every net's metrics, and the perplexities over that of learning both at once, or of undisturbed sleep."""
    found = {net: result["metrics"]["softmax_perplexity"] for net, result in results.items()}
    ratios = {f"{net}_to_together": found[net] / found["together"] for net in LATER}
    return {
        **prefixed(results),
        **ratios,
        "deprived_to_apart_10": found["deprived"] / found["apart_10"],
    }


LATER = [*list(PHASES)[1:], "apart_epoch"]
RATIOS = [*(f"{net}_to_together" for net in LATER), "deprived_to_apart_10"]

RECIPE = Recipe(
    dataset="aesop",
    claims=tuple(
        Claim(ratio, paper=None, target=1.05, source="ours, before the runs", unit="")
        for ratio in RATIOS
    ),
    load=load_text,
    prepare=strings_of,
    build={
        **{net: _build(phase) for net, phase in PHASES.items()},
        "apart_epoch": _build(None),
        "deprived": _build(10, deprived=True),
        "online": online,
    },
    watched=True,
    measure=measure,
)
