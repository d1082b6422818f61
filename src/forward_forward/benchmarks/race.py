"""A race to 1.6 % validation error on MNIST: our best Forward-Forward against our best backpropagation."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from forward_forward.adversarial import FastGradientSign
from forward_forward.baselines.backprop import Perceptron
from forward_forward.data import Dataset, load
from forward_forward.environment import environment
from forward_forward.precision import fast_matmul_dtype
from forward_forward.randomness import generator
from forward_forward.recipes.best_supervised import best_learner
from forward_forward.reproduce import few
from forward_forward.spec import describe
from forward_forward.training.backprop import Backpropagation
from forward_forward.training.evaluation import evaluate
from forward_forward.training.learner import Learner
from forward_forward.training.loop import train
from forward_forward.training.optimizers import Adam
from forward_forward.training.plan import Plan, Progress
from forward_forward.training.schedules import linear

DESCRIPTION = (
    "seconds until 1.6 % validation error on MNIST, Forward-Forward against backpropagation"
)
GOAL, WIDTHS, SEEDS = 1.6, [2000] * 2, (0, 1, 2)
BATCHES = {"forward_forward": 100, "backprop": 250}
EPOCHS: dict[str, tuple[int, ...]] = {
    "forward_forward": (3, 4, 5, 6, 8, 10, 14, 20),
    "backprop": (2, 3, 4, 5, 6, 8, 12, 20),
}
RATE = 1e-3
"""Of backpropagation."""
STRENGTH, MOVE = 3.0, FastGradientSign(0.03)
"""Label and moved pixels of Forward-Forward: the net learns faster by both."""


def run(
    quick: bool = False, device: str = "cpu", tell: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Run both at several lengths of schedule, each cooled down to its end, until one ends at the goal; three seeds.

    Time to a goal depends on the schedule: a run that cools down early gets there early. So each rival is given its
    own shortest schedule that reaches the goal by its main readout; only the seconds of that run count, and only
    those of learning, for both alike. Rivals take turns, seed by seed; later seeds begin one length below the first's.

    Arguments:
        quick: digits, a small net, a few epochs and one seed, to see that it runs.
        device: as torch spells it.
        tell: hears of every run when it is done.

    Returns:
        `ff_vs_backprop_seconds`, the ratio of medians over seeds, None where one never reached the goal; and every run.
    """
    if quick:
        data = few(load("digits", None, device).for_validation(), 300)
    else:
        data = load("mnist", None, device).for_validation()
    widths, goal, seeds = ([50] * 2, 20.0, (0,)) if quick else (WIDTHS, GOAL, SEEDS)
    runs: dict[str, list[list[dict[str, Any]]]] = {name: [] for name in EPOCHS}
    for seed in seeds:
        for name, tried in runs.items():
            lengths = EPOCHS[name]
            if tried:
                lengths = lengths[max(0, lengths.index(tried[0][-1]["epochs"]) - 1) :]
            tried.append(_run_until(name, data, widths, goal, lengths, seed, device, tell))
    best = {name: _median_seconds(tried, goal) for name, tried in runs.items()}
    ff, backprop = best["forward_forward"], best["backprop"]
    return {
        "ff_vs_backprop_seconds": round(ff / backprop, 3) if ff and backprop else None,
        "median_seconds": best,
        "goal_error": goal,
        "widths": widths,
        "batches": BATCHES,
        "seeds": len(seeds),
        "runs": runs,
        "environment": environment(device, describe(fast_matmul_dtype(device))),
    }


def _median_seconds(tried: list[list[dict[str, Any]]], goal: float) -> float | None:
    """Return the median over seeds of the run that reached the goal, None where any seed did not."""
    last = [runs[-1] for runs in tried]
    if any(run["error"] > goal for run in last):
        return None
    return statistics.median(run["seconds"] for run in last)


def _run_until(
    name: str,
    data: Dataset,
    widths: list[int],
    goal: float,
    lengths: Sequence[int],
    seed: int,
    device: str,
    tell: Callable[[str], None],
) -> list[dict[str, Any]]:
    tried: list[dict[str, Any]] = []
    for epochs in lengths:
        learner, plan = _contender(name, data, widths, epochs, seed, device)
        progress: Progress = train(learner, data, plan)
        result = evaluate(learner.scores, data.test, data.classes)
        error = next(iter(result.metrics.values()))
        tried.append({"epochs": epochs, "error": error, "seconds": round(progress.seconds, 2)})
        tell(f"{name} seed {seed}: {epochs} epochs, {progress.seconds:.1f} s, {error:.2f} %")
        if error <= goal:
            break
    return tried


def _contender(
    name: str, data: Dataset, widths: list[int], epochs: int, seed: int, device: str
) -> tuple[Learner, Plan]:
    plan = Plan(epochs=epochs, batch_size=BATCHES[name], seed=seed)
    if name == "forward_forward":
        learner = best_learner(data, widths, seed, device, strength=STRENGTH, adversary=MOVE)
        return learner, plan
    network = Perceptron(
        data.features, data.classes, widths, generator=generator(seed, "weights"), device=device
    )
    rival = Backpropagation(network, Adam(RATE), fast_matmul_dtype(device))
    return rival, replace(plan, schedule=linear)
