"""A race to 1.6 % validation error on MNIST: our best Forward-Forward against our best backpropagation."""

import time
from typing import Any

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
GOAL, WIDTHS = 1.6, [2000] * 2
BATCH, RATES = 250, {"forward_forward": 3e-3, "backprop": 1e-3}
EPOCHS = {"forward_forward": (4, 6, 8, 10, 14, 20, 30), "backprop": (2, 3, 4, 6, 8, 12, 20)}


def run(quick: bool = False, device: str = "cpu") -> dict[str, Any]:
    """Run both at several lengths of schedule, each cooled down to its end, until one ends at the goal.

    Time to a goal depends on the schedule: a run that cools down early gets there early. So each rival is
    given its own shortest schedule that reaches the goal by its main readout; only the seconds of that run count, and
    only those of learning, for both alike.

    Arguments:
        quick: digits, a small net and a few epochs, to see that it runs.
        device: as torch spells it.

    Returns:
        `ff_vs_backprop_seconds`, None where one never reached the goal, and every run of both.
    """
    if quick:
        data = few(load("digits", None, device).for_validation(), 300)
    else:
        data = load("mnist", None, device).for_validation()
    widths, goal = ([50] * 2, 20.0) if quick else (WIDTHS, GOAL)
    runs = {name: _run_until(name, data, widths, goal, device) for name in EPOCHS}
    best = {name: tried[-1] if tried[-1]["error"] <= goal else None for name, tried in runs.items()}
    ff, backprop = best["forward_forward"], best["backprop"]
    ratio = round(ff["seconds"] / backprop["seconds"], 3) if ff and backprop else None
    return {
        "ff_vs_backprop_seconds": ratio,
        "goal_error": goal,
        "widths": widths,
        "batch": BATCH,
        "rates": RATES,
        "runs": runs,
        "environment": environment(device, describe(fast_matmul_dtype(device))),
    }


def _run_until(
    name: str, data: Dataset, widths: list[int], goal: float, device: str
) -> list[dict[str, Any]]:
    tried: list[dict[str, Any]] = []
    for epochs in EPOCHS[name]:
        learner, plan = _contender(name, data, widths, epochs, device)
        started = time.perf_counter()
        progress: Progress = train(learner, data, plan)
        result = evaluate(learner.scores, data.test, data.classes)
        error = next(iter(result.metrics.values()))
        tried.append(
            {
                "epochs": epochs,
                "error": error,
                "seconds": round(progress.seconds, 2),
                "wall_seconds": round(time.perf_counter() - started, 2),
            }
        )
        if error <= goal:
            break
    return tried


def _contender(
    name: str, data: Dataset, widths: list[int], epochs: int, device: str
) -> tuple[Learner, Plan]:
    if name == "forward_forward":
        learner = best_learner(
            data, widths, seed=0, device=device, rate=RATES[name], adversary=None
        )
        return learner, Plan(epochs=epochs, batch_size=BATCH)
    network = Perceptron(
        data.features, data.classes, widths, generator=generator(0, "weights"), device=device
    )
    rival = Backpropagation(network, Adam(RATES[name]), fast_matmul_dtype(device))
    return rival, Plan(epochs=epochs, batch_size=BATCH, schedule=linear)
