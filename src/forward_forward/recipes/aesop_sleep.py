"""Sleep (§9): how far apart may positives and negatives be, and what becomes of a net that is kept awake?

Claim: §9 asks "Can the positive and negative passes be very widely separated in time as they would be if the
negative passes were done during sleep?" and "If the negative phase is eliminated for a while, do the effects mimic the
devastating effects of severe sleep deprivation?"; no number is given. Ours, made before the runs: sleeping after 1 to
1000 batches, or after whole epochs, ends within 5 % of the perplexity of learning both at once; a net that does not
sleep for five epochs is at least 5 % worse at their end than one that does, and within 5 % of it again in the end.

3 × 500 on the strings of `hinton2022_aesop`, dreams of five characters written once an epoch; perplexities on strings
of other fables. `together`: positives and negatives in every update. `apart_<n>`: n batches awake, n updates asleep.
`apart_epoch`: an epoch each. `deprived`: as `apart_10`, but without sleep for five epochs in the middle. `online`: as
`apart_epoch`, one character at a time, three epochs. All end with a sleep, and have read every window as often.
"""

from collections.abc import Mapping
from typing import Any

from forward_forward.data.text import load_text
from forward_forward.data.windows import Windows
from forward_forward.recipes.hinton2022_aesop import strings_of
from forward_forward.recipes.reading import plan_of, sleeper
from forward_forward.recipes.recipe import Build, Recipe, Results, prefixed
from forward_forward.records import Claim
from forward_forward.training.learner import Learner
from forward_forward.training.plan import Plan
from forward_forward.training.schedules import constant

WIDTHS, EPOCHS, BATCH, DREAM = (500, 500, 500), 25, 62, 5
"""360 batches an epoch: 25 epochs are whole phases of 1, 10, 100, 360 and 1000."""
PHASES = {"together": 0, "apart_1": 1, "apart_10": 10, "apart_100": 100, "apart_1000": 1000}
AWAKE = (10, 15)
"""Epochs between which the deprived net does not sleep."""
ONLINE_EPOCHS, ONLINE_SHARE = 3, 0.005
"""Of the other nets' epochs, and of their rates: an update learns from one character, not from 62."""


def _build(phase: int | None, *, deprived: bool = False) -> Build:
    """Return the build function of a net that sleeps after so many batches; None is an epoch."""

    def build(data: Windows, seed: int, device: str) -> tuple[Learner, Plan]:
        epoch = len(data.train) // BATCH
        sleepless = (epoch * AWAKE[0], epoch * AWAKE[1]) if deprived else (0, 0)
        learner = sleeper(
            data,
            WIDTHS,
            seed,
            device,
            dream=DREAM,
            phase=epoch if phase is None else phase,
            stock=epoch,
            deprived=sleepless,
        )
        return learner, plan_of(data, seed, EPOCHS, batch_size=BATCH, schedule=constant)

    return build


def online(data: Windows, seed: int, device: str) -> tuple[Learner, Plan]:
    """Return a net that reads an epoch character by character, and then dreams of as many."""
    epoch = len(data.train)
    learner = sleeper(
        data, WIDTHS, seed, device, dream=DREAM, share=ONLINE_SHARE, phase=epoch, stock=epoch
    )
    return learner, plan_of(data, seed, ONLINE_EPOCHS, batch_size=1, schedule=constant)


def measure(results: Results) -> dict[str, float | None]:
    """Return every net's metrics, perplexities over that of learning both at once, and what deprivation does."""
    found = {net: result["metrics"]["softmax_perplexity"] for net, result in results.items()}
    tired, rested = (_looked(results[net], AWAKE[1]) for net in ("deprived", "apart_10"))
    return {
        **prefixed(results),
        **{f"{net}_to_together": found[net] / found["together"] for net in LATER},
        "rested_to_deprived": rested / tired if tired and rested else None,
        "recovered_to_apart_10": found["deprived"] / found["apart_10"],
    }


def _looked(result: Mapping[str, Any], epoch: int) -> float | None:
    """Return the perplexity on held-out strings after an epoch, None where the run was shorter."""
    looks = {entry["epoch"]: entry.get("validation", {}) for entry in result["curves"]}
    value = looks.get(epoch, {}).get("softmax_perplexity")
    return None if value is None else float(value)


LATER = [*list(PHASES)[1:], "apart_epoch"]
TARGETS = {
    **{f"{net}_to_together": 1.05 for net in LATER},
    "rested_to_deprived": 0.95,
    "recovered_to_apart_10": 1.05,
}

RECIPE = Recipe(
    dataset="aesop",
    claims=tuple(
        Claim(ratio, paper=None, target=target, source="ours, before the runs", unit="")
        for ratio, target in TARGETS.items()
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
