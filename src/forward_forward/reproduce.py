"""From a recipe and a seed to a record: train, judge on the test split once, write down."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from forward_forward.data import Examples, Split
from forward_forward.environment import environment
from forward_forward.memory import MEASURE, training_peak
from forward_forward.recipes import find
from forward_forward.recipes.recipe import Build, Recipe
from forward_forward.records import Claim, Record
from forward_forward.spec import describe
from forward_forward.training.evaluation import Evaluation, evaluate
from forward_forward.training.learner import Learner
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan, Progress, Watch

SMOKE_IMAGES = 600

Kind = TypeVar("Kind", bound=Examples)

Watcher = Callable[[str, int, int], Watch | None]
"""(net, which one, of how many) → what the loop is to tell of its progress."""

Finished = Callable[[tuple[Path, nn.Module, Examples, Record]], None]
"""(folder of the run, the net that has learned, its data, the whole record) → nothing."""


def reproduce(
    name: str,
    seed: int,
    *,
    recipe: Recipe | None = None,
    data_dir: Path | None = None,
    device: str = "cpu",
    runs: Path = Path("runs"),
    resume: bool = False,
    smoke: bool = False,
    watcher: Watcher = lambda net, number, nets: None,
    finished: Finished = lambda what: None,
) -> Record:
    """Run one seed of a recipe and return its record; writing it is left to the caller.

    Arguments:
        name: of the recipe.
        seed: of weights, batch order and negatives.
        recipe: one that has no file of its own; None finds the one of this name.
        data_dir: where the data set lies; None looks where `data.load` does.
        device: as torch spells it.
        runs: `runs/<name>/seed<seed>/` keeps the checkpoint and the log; of several nets, each in its own folder there.
        resume: go on from that checkpoint.
        smoke: a few hundred images and one epoch, to see that it runs.
        watcher: returns, for each net, what the loop is to tell of its progress.
        finished: told of the net of a recipe that has one alone, to draw it or to keep it.

    Raises:
        FFError: any of the errors of `load` and `train`.
    """
    recipe = find(name) if recipe is None else recipe
    data = recipe.prepare(recipe.load(recipe.dataset, data_dir, device))
    if smoke:
        data = few(data, SMOKE_IMAGES)
    folder = runs / (f"{name}-smoke" if smoke else name) / f"seed{seed}"
    beside = recipe.beside(data)
    results: dict[str, Record] = {}
    for number, (net, build) in enumerate(recipe.nets.items()):
        watch = watcher(net, number, len(recipe.nets))
        network, results[net] = _learned(
            recipe, build, data, seed, folder / net, resume, smoke, watch
        )
    whole = (
        results[""] if "" in results else _together(results, recipe.measure({**results, **beside}))
    )
    record = _signed(name, seed, recipe.claims, data, whole)
    if "" in results:
        finished((folder, network, data, record))
    return record


def _learned(
    recipe: Recipe,
    build: Build,
    data: Examples,
    seed: int,
    folder: Path,
    resume: bool,
    smoke: bool,
    watch: Watch | None,
) -> tuple[nn.Module, Record]:
    """Train one net, judge it on the test split once, and return it with what came of it."""
    seen = data.for_validation() if recipe.watched else data
    device = str(data.train.images.device)

    def fresh() -> tuple[Learner, Plan]:
        learner, plan = build(seen, seed, device)
        return learner, replace(plan, epochs=1, passes=1) if smoke else plan

    learner, plan = fresh()
    progress = train(learner, seen, plan, folder=folder, resume=resume, watch=watch)
    result = evaluate(learner.scores, data.test, data.classes)
    result.metrics.update(recipe.also(learner, data))
    peak = training_peak(lambda: fresh()[0], seen.train, plan.batch_size)
    own = net_record(learner, plan, seen, progress, result, peak)
    traces = dict(recipe.traces(learner, data))
    return learner.network, {**own, "traces": traces} if traces else own


def run_record(
    name: str,
    learner: Learner,
    plan: Plan,
    data: Examples,
    progress: Progress,
    result: Evaluation,
    peak: int,
) -> Record:
    """Return the record of a finished run of one net, without a claim."""
    own = net_record(learner, plan, data, progress, result, peak)
    return _signed(name, plan.seed, (), data, own)


def net_record(
    learner: Learner, plan: Plan, data: Examples, progress: Progress, result: Evaluation, peak: int
) -> Record:
    """Return what a record says of one net.

    Arguments:
        data: what it learned from.
        peak: bytes, as `training_peak` counts them.
    """
    return {
        "config": {
            "data": data.name,
            "train_images": len(data.train),
            "learner": learner.describe(),
            "plan": _without(plan.describe(), "seed"),
        },
        "metrics": result.metrics,
        "layer_errors": result.layer_errors,
        "run_errors": result.run_errors,
        "confusion": result.confusion,
        "curves": progress.curve,
        "epochs": progress.epoch,
        "seconds": round(progress.seconds, 1),
        "peak_memory_mib": round(peak / 2**20, 2),
        "peak_memory_measure": MEASURE,
        "parameters": count_parameters(learner.network),
        "dtype": str(describe(learner.matmul_dtype or torch.float32)),
    }


def _together(results: Mapping[str, Record], metrics: Mapping[str, Any]) -> Record:
    """Return the keys of a record for several nets: each net's own below `nets`, the metrics of all on top."""
    return {
        "config": {net: result["config"] for net, result in results.items()},
        "metrics": dict(metrics),
        "layer_errors": [],
        "curves": [],
        "epochs": max(result["epochs"] for result in results.values()),
        "seconds": round(sum(result["seconds"] for result in results.values()), 1),
        "nets": {net: _without(result, "config") for net, result in results.items()},
        "dtype": next(iter(results.values()))["dtype"],
    }


def _signed(
    name: str, seed: int, claims: tuple[Claim, ...], data: Examples, own: Mapping[str, Any]
) -> Record:
    """Return a whole record: what it is of, what came of it, where and when."""
    return {
        "recipe": name,
        "seed": seed,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "claims": list(claims),
        **_without(own, "dtype"),
        "test_images": len(data.test),
        "environment": environment(str(data.train.images.device), own["dtype"]),
    }


def count_parameters(network: nn.Module) -> int:
    """Return how many numbers a network learns."""
    return sum(parameter.numel() for parameter in network.parameters())


def few(data: Kind, images: int) -> Kind:
    """Return the first `images` of each split; of strings as many whole ones as that."""
    string = getattr(data, "per_string", 0) or 1
    images = images // string * string
    train, test = (
        Split(split.images[:images], split.labels[:images]) for split in (data.train, data.test)
    )
    return replace(data, train=train, test=test)  # type: ignore[type-var]


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in mapping.items() if k != key}
