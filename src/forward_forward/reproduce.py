"""From a recipe and a seed to a record: train, judge on the test split once, write down."""

import datetime
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from forward_forward.data import Dataset, Split, load
from forward_forward.environment import environment, peak_memory_mib
from forward_forward.recipes import find
from forward_forward.records import Claim
from forward_forward.spec import describe
from forward_forward.training.evaluation import Evaluation, evaluate
from forward_forward.training.learner import Learner
from forward_forward.training.loop import train
from forward_forward.training.plan import Plan, Progress, Watch

SMOKE_IMAGES = 600


def reproduce(
    name: str,
    seed: int,
    *,
    data_dir: Path | None = None,
    device: str = "cpu",
    runs: Path = Path("runs"),
    resume: bool = False,
    smoke: bool = False,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Run one seed of a recipe and return its record; writing it is left to the caller.

    Arguments:
        name: of the recipe.
        seed: of weights, batch order and negatives.
        data_dir: where the data set lies; None looks where `data.load` does.
        device: as torch spells it.
        runs: `runs/<name>/seed<seed>/` keeps the checkpoint and the log.
        resume: go on from that checkpoint.
        smoke: a few hundred images and one epoch, to see that it runs.
        watch: told of progress.

    Raises:
        FFError: any of the errors of `load` and `train`.
    """
    recipe = find(name)
    data = recipe.prepare(load(recipe.dataset, data_dir, device))
    if smoke:
        data = few(data, SMOKE_IMAGES)
    learner, plan = recipe.build(data, seed, device)
    if smoke:
        plan = replace(plan, epochs=1, passes=1)
    folder = runs / (f"{name}-smoke" if smoke else name) / f"seed{seed}"
    progress = train(learner, data, plan, folder=folder, resume=resume, watch=watch)
    result = evaluate(learner.scores, data.test, data.classes)
    return run_record(name, recipe.claims, learner, plan, data, progress, result)


def run_record(
    name: str,
    claims: tuple[Claim, ...],
    learner: Learner,
    plan: Plan,
    data: Dataset,
    progress: Progress,
    result: Evaluation,
) -> dict[str, Any]:
    """Return the record of a finished run; `records.write` says what its keys mean."""
    device = str(data.train.images.device)
    dtype = str(describe(learner.matmul_dtype or torch.float32))
    return {
        "recipe": name,
        "seed": plan.seed,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "claims": list(claims),
        "config": {
            "data": data.name,
            "train_images": len(data.train),
            "test_images": len(data.test),
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
        "peak_memory_mib": peak_memory_mib(device),
        "parameters": count_parameters(learner.network),
        "environment": environment(device, dtype),
    }


def count_parameters(network: nn.Module) -> int:
    """Return how many numbers a network learns."""
    return sum(parameter.numel() for parameter in network.parameters())


def few(data: Dataset, images: int) -> Dataset:
    """Return the first `images` of each split."""
    train, test = (
        Split(split.images[:images], split.labels[:images]) for split in (data.train, data.test)
    )
    return replace(data, train=train, test=test)


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in mapping.items() if k != key}
